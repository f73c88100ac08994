"""`manage.py seed_load`: as many rows as asked, the same each time, and never where it harms."""

import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Max, Q

from artifacts.library.models import SearchEntry
from artifacts.models import Artifact
from chats.actions import rebuild_message_counts
from chats.models import Chat, Message, Reply
from eduhu.seeding.plan import Plan, shares
from eduhu.seeding.rows import make_rows
from teachers.models import Teacher, TeacherPreferences
from tests.client import ApiClient

pytestmark = pytest.mark.django_db

SIZES = {"teachers": 7, "chats": 60, "messages": 1500, "artifacts": 25}
MODELS = {"teachers": Teacher, "chats": Chat, "messages": Message, "artifacts": Artifact}


def seed(**options):
    call_command("seed_load", **{**SIZES, **options})


def test_exactly_what_was_asked_for_is_there():
    seed()
    assert {name: model.objects.count() for name, model in MODELS.items()} == SIZES
    assert TeacherPreferences.objects.count() == 7
    assert Reply.objects.count() == Message.objects.filter(role="assistant").count() > 700
    assert not Reply.objects.exclude(user_message__role="user").exists()


def test_counts_and_times_are_right_without_a_repair():
    seed()
    assert rebuild_message_counts() == 0
    chats = Chat.objects.annotate(latest=Max("messages__timestamp"))
    assert chats.exclude(updated_at=F("latest")).count() == chats.filter(message_count=0).count()


def test_the_first_teacher_has_a_chat_with_a_twentieth_of_all_messages():
    seed()
    busiest = Teacher.objects.annotate(n=Count("chats__messages")).latest("n")
    assert busiest.chats.latest("message_count").message_count == 1500 // 20
    assert busiest.email.startswith("load000000@")


def test_every_language_and_kind_occurs():
    seed(teachers=40, artifacts=60)
    assert set(Teacher.objects.values_list("language", flat=True)) == {"de", "en"}
    assert Artifact.objects.values("artifact_type").distinct().count() == 4
    assert Chat.objects.filter(is_archived=True).exists()


def test_equal_numbers_make_equal_rows_and_another_seed_makes_others():
    plans = [Plan(seed=seed, **SIZES) for seed in (1, 1, 2)]
    first, again, other = (make_rows(plan, range(7)).tables for plan in plans)
    assert first == again
    ids = [{row[0] for rows in tables.values() for row in rows} for tables in (first, other)]
    assert not ids[0] & ids[1]


def test_a_second_run_adds_only_what_is_missing(capsys):
    seed()
    before = list(Message.objects.order_by("pk").values())
    Teacher.objects.order_by("email")[3].delete()
    assert Message.objects.count() < len(before)
    seed()
    seed()
    assert list(Message.objects.order_by("pk").values()) == before
    lines = capsys.readouterr().out.splitlines()
    said = [line.split(" teachers")[0] for line in lines if "added" in line]
    assert said == ["7 of 7", "1 of 7", "0 of 7"]


def test_what_was_written_is_found_however_often_it_runs(capsys):
    seed(without_search=True)
    assert not SearchEntry.objects.filter(source="message").exists()
    for _time in range(2):
        seed()
    sizes = SearchEntry.objects.order_by("source").values_list("source").annotate(Count("row_id"))
    assert list(sizes) == [("artifact", 25), ("chat", 60), ("message", 1500)]
    told = [line for line in capsys.readouterr().out.splitlines() if "findable" in line]
    assert told == ["1500 rows made findable", "0 rows made findable"]


def test_tokens_open_the_accounts_of_the_first_teachers(tmp_path):
    file = tmp_path / "tokens.json"
    file.write_text("something that is longer than what comes, and was readable by all")
    file.chmod(0o644)
    seed(tokens=file, token_count=3)
    assert file.stat().st_mode & 0o777 == 0o600
    tokens = json.loads(file.read_text())
    assert len(tokens) == 3
    page = ApiClient(HTTP_AUTHORIZATION=f"Bearer {tokens[0]}").get("/api/chats").json()
    assert page["results"]
    assert all(row["message_count"] >= 0 for row in page["results"])


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_terminal_sees_how_far_it_is(monkeypatch, is_terminal):
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    seed()
    bars = [f"[{'#' * 40}] {done}\n" for done in ("7/7 teachers", "1500/1500 rows")]
    found = [bar in screen.getvalue() for bar in bars]
    assert all(found) if is_terminal else not screen.getvalue()


def test_nobody_signs_in_with_a_password():
    seed()
    assert not Teacher.objects.exclude(Q(password="!")).exists()
    assert not Teacher.objects.first().check_password("!")


@pytest.mark.parametrize(
    ("name", "value"), [("ENVIRONMENT", "production"), ("INSTANT_APP_ADMIN_TOKEN", "secret")]
)
def test_it_refuses_production_and_a_mirror(settings, name, value):
    setattr(settings, name, value)
    with pytest.raises(CommandError):
        seed()
    assert not Teacher.objects.exists()


def test_a_file_for_tokens_that_cannot_be_written_is_told_before_the_work(tmp_path):
    with pytest.raises(CommandError):
        seed(tokens=tmp_path / "missing" / "tokens.json")
    assert not Teacher.objects.exists()


@pytest.mark.parametrize("option", ["--teachers=0", "--chats=-1", "--messages=many", "--seed=x"])
def test_numbers_that_make_no_sense_are_refused(option):
    with pytest.raises(CommandError):
        call_command("seed_load", option)


@pytest.mark.parametrize("total", [0, 1, 7, 1000])
def test_shares_sum_to_the_whole(total):
    assert sum(shares(total, [0.1, 3.7, 0.2, 1.0])) == total
