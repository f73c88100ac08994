"""A visitor of our own finds what is broken before teachers do."""

import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from monitoring.health import probes, tasks
from monitoring.health.dependencies import ask_ai_service
from monitoring.health.models import Sign
from monitoring.metrics.sources import signs
from tests.fakes.ai_server import AIServer
from tests.live import SQLITE_FILE
from tests.processes import ROOT

PROBED = {
    "ready", "page", "me", "preferences", "chat", "chats", "messages", "artifacts", "chat-detail",
}  # fmt: skip


def connect(server):
    """Open the database of a running server."""
    if url := server.environment.get("DATABASE_URL"):
        return psycopg.connect(url, autocommit=True)
    file = Path(server.environment["EDUHU_DATA_DIR"]) / SQLITE_FILE
    return sqlite3.connect(file, isolation_level=None, timeout=20)


def rows(server, statement):
    with closing(connect(server)) as database:
        found = database.execute(statement)
        return list(found) if found.description else []


def probe(server):
    """Visit the server; return who failed and why, and who was probed."""
    done = subprocess.run(
        [sys.executable, "manage.py", "probe", "--url", server.url],
        cwd=ROOT, env=server.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stdout
    lines = [line.split(maxsplit=3) for line in said.splitlines() if " ms  " in line]
    told = {name: reason for name, _ms, _unit, reason in lines}
    noted = rows(server, "SELECT name, is_ok FROM health_signs WHERE name LIKE 'probe:%'")
    assert {name.removeprefix("probe:"): bool(is_ok) for name, is_ok in noted} == {
        name: reason == "ok" for name, reason in told.items()
    }
    failed = {name: reason for name, reason in told.items() if reason != "ok"}
    assert done.returncode == bool(failed)
    failed.pop("ready", None)  # where the stage has no Celery
    return failed, set(told)


@contextmanager
def broken(server):
    """Take a table away for the length of the block."""
    rows(server, "ALTER TABLE artifacts RENAME TO artifacts_away")
    try:
        yield
    finally:
        rows(server, "ALTER TABLE artifacts_away RENAME TO artifacts")


@pytest.mark.claim(74)
def test_a_visit_uses_everything_and_leaves_nothing(running_eduhu):
    failed, probed = probe(running_eduhu)
    assert probed == PROBED
    assert failed == {}
    visitor = f"SELECT id FROM teachers WHERE email = '{probes.EMAIL}'"
    assert rows(running_eduhu, f"SELECT 1 FROM chats WHERE teacher_id IN ({visitor})") == []
    assert rows(running_eduhu, f"SELECT 1 FROM knox_authtoken WHERE user_id IN ({visitor})") == []
    assert len(rows(running_eduhu, visitor)) == 1


@pytest.mark.claim(74)
def test_an_endpoint_that_is_broken_is_found(running_eduhu):
    with broken(running_eduhu):
        failed, probed = probe(running_eduhu)
    assert probed == PROBED
    assert failed["artifacts"].startswith("status 50")
    assert failed.keys() <= {"artifacts", "chat-detail"}  # a chat is deleted with its artifacts
    assert probe(running_eduhu)[0] == {}


@pytest.mark.django_db(transaction=True)
def test_the_task_visits_where_the_setting_says(settings):
    tasks.probe.run()
    assert not Sign.objects.exists()
    settings.PROBE_URL = "http://127.0.0.1:9"  # where nobody is
    tasks.probe.run()
    noted = {sign.name.removeprefix("probe:"): sign for sign in Sign.objects.all()}
    assert noted.keys() == PROBED
    assert {(each.is_ok, each.reason) for each in noted.values()} == {(False, "not reachable")}
    _silence, up, _seconds, _age = signs()
    assert {each.labels["endpoint"]: each.value for each in up.samples} == dict.fromkeys(PROBED, 0)


async def test_the_doctor_asks_the_ai_service(settings):
    from eduhu.threads import in_thread

    async with AIServer() as service:
        settings.AI_BASE_URL = service.url
        await in_thread(ask_ai_service)()
        settings.AI_BASE_URL = service.url.replace("/v1", "/v2")
        await in_thread(ask_ai_service)()  # it lives, and knows no list of models
    with pytest.raises(OSError, match="refused"):
        await in_thread(ask_ai_service)()
