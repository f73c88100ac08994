"""A bundle tells support how an installation fares, and nothing about the people who use it."""

import io
import json
import logging
import zipfile

import pytest
from auditlog.models import LogEntry as AuditRow
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from artifacts.models import Artifact
from chats.models import Message
from eduhu import logs
from eduhu.db import now
from monitoring.alerts.models import Alert, Silence
from monitoring.console import bundle, logbook, secrets, table_sizes
from monitoring.console.models import TaskFailure
from monitoring.console.settings_shown import SHOWN, settings_shown
from teachers.actions import save_preferences
from tests.admin import staff_client
from tests.factories import make_chat, make_teacher

pytestmark = pytest.mark.django_db
CANARY = "Quastenflosser"


@pytest.fixture(autouse=True)
def planted(settings, tmp_path):
    """Names, addresses, texts and secrets wherever people or operators can put them."""
    settings.DATA_DIR = tmp_path
    settings.AI_API_KEY = f"sk-{CANARY}"
    settings.METRICS_TOKEN = f"token-{CANARY}"
    settings.SENTRY_DSN = f"https://{CANARY}@sentry.example/1"
    settings.EMAIL_URL = f"smtp://ops:{CANARY}@mail.example:25"
    settings.ALERT_EMAILS = [f"{CANARY}@school.example"]
    settings.ALERT_WEBHOOK_URLS = [f"https://hooks.example/{CANARY}"]
    secrets.secrets.cache_clear()
    teacher = make_teacher(email=f"{CANARY}@school.example".lower(), name=f"Frau {CANARY}")
    save_preferences(teacher=teacher, changes={"subject_areas": [CANARY]})
    chat = make_chat(teacher, title=f"Elternbrief {CANARY}")
    Message.objects.create(chat=chat, role="user", content=f"Unser Kind {CANARY} …")
    Artifact.objects.create(
        teacher=teacher, title=CANARY, content=CANARY, artifact_type="worksheet", chat=chat
    )
    staff = make_teacher(name=CANARY)
    Silence.objects.create(rule="disk", until=now(), reason=f"weil {CANARY}", by=staff)
    Alert.objects.create(rule="disk", detail="3.0 %")
    TaskFailure.objects.create(
        task="x", task_id="t-1", error="OSError", arguments={"args": [CANARY]}
    )
    logbook.begin("web")
    logs.know(request_id="find-me-again", teacher=teacher.pk)
    log = logging.getLogger("eduhu.test.bundle")
    log.warning("smtplib refused %s with sk-%s", teacher.email, CANARY)
    log.warning("reply failed")
    logs.forget()
    yield teacher
    logbook.end()
    secrets.secrets.cache_clear()


def parts_of(packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def take(client):
    answer = client.post(reverse("admin:console_bundle"))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    return parts_of(answer.content)


@pytest.mark.claim(82)
def test_it_holds_what_helps_and_nobody(planted):
    client = staff_client()
    parts = take(client)
    assert set(parts) == {"README.txt", *bundle.PARTS}
    assert not [name for name, text in parts.items() if "cannot be told" in text]
    everything = "\n".join(parts.values())
    assert CANARY.lower() not in everything.lower()
    for private in (planted.email, str(planted.pk), logs.pseudonym(str(planted.pk)), "@school"):
        assert private not in everything
    told = {name: json.loads(text) for name, text in parts.items() if name.endswith(".json")}
    assert told["versions.json"]["packages"]["Django"]
    assert told["settings.json"]["AI_API_KEY"] == "set"
    assert told["settings.json"]["MAX_LIVE_REPLIES"] == 5
    assert told["tables.json"]["chats"] == 1
    assert told["alerts.json"]["alerts"][0]["detail"] == "3.0 %"
    assert told["migrations.json"]["missing"] == []
    assert told["tasks.json"]["failed"][0]["error"] == "OSError"
    assert "database" in parts["doctor.txt"]
    assert "eduhu_process_resident_bytes" in parts["metrics.txt"]
    lines = [json.loads(line) for line in parts["log.jsonl"].splitlines()]
    assert {line["request_id"] for line in lines if line["logger"] == "eduhu.test.bundle"} == {
        "find-me-again"
    }
    assert "smtplib refused […] with […]" in parts["log.jsonl"]
    [entry] = LogEntry.objects.filter(user=client.teacher)
    assert "Support" in entry.get_change_message()
    audited = AuditRow.objects.get()
    assert (audited.actor, audited.additional_data["what"]) == (client.teacher, "make_bundle")


def test_what_cannot_be_told_says_so_and_keeps_nothing_else_away(monkeypatch):
    def broken():
        raise OSError(CANARY)

    monkeypatch.setitem(bundle.PARTS, "doctor.txt", broken)
    monkeypatch.setitem(bundle.PARTS, "metrics.txt", lambda: "eduhu_x 1\n")
    parts = parts_of(bundle.bundle())
    assert parts["doctor.txt"] == "cannot be told: OSError\n"
    assert json.loads(parts["tables.json"])["chats"] == 1


def test_settings_are_told_only_where_their_value_says_nothing(settings):
    told = settings_shown(settings)
    words = {name for name, value in told.items() if value not in ("set", "not set")}
    words = {name for name in words if not isinstance(told[name], bool | int | float | None)}
    assert words == SHOWN
    assert told["SECRET_KEY"] == told["DATABASES"] == "set"


def test_large_tables_are_not_counted_to_the_end(monkeypatch):
    monkeypatch.setattr(table_sizes, "COUNTED", 0)
    assert table_sizes.table_sizes()["chats"] == "≥ 0"


def test_only_who_may_take_it_takes_it_and_only_on_purpose(client):
    url = reverse("admin:console_bundle")
    assert client.post(url).status_code == 302
    helper = staff_client("console.view_measurement", is_superuser=False)
    assert helper.post(url).status_code == 403
    assert url not in helper.get(reverse("admin:index")).text
    staff = staff_client()
    assert staff.get(url).status_code == 405
    assert f'action="{url}"' in staff.get(reverse("admin:index")).text
