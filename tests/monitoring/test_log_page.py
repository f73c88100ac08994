"""Operators read the log of all processes in the admin, and find what belongs together."""

import json
import logging
import uuid

import pytest
import time_machine
from django.urls import reverse

from eduhu import companions, logs
from monitoring.console import log_page, logbook, secrets
from monitoring.console.logbook import Logbook, Piece, pieces
from tests.admin import queries_of, staff_client

pytestmark = pytest.mark.django_db
MOMENT = 1_790_000_000.0
BROKER = "amqp://eduhu:canary%2Fsecret@rabbit.example/"
CANARY = "Quastenflosser"
ENGLISH = {"Accept-Language": "en"}
log = logging.getLogger("eduhu.test.log_page")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    secrets.secrets.cache_clear()
    logs.forget()
    log.setLevel(logging.DEBUG)
    yield tmp_path / "log"
    logbook.end()
    logs.forget()
    secrets.secrets.cache_clear()


@pytest.fixture
def kept():
    """A process whose log is kept."""
    book = Logbook("web")
    book.start()
    yield book
    book.stop()


@pytest.fixture
def staff():
    return staff_client()


def write(folder, process, *lines):
    """A file that another process has left."""
    kind, pid = process.split(":")
    folder.mkdir(exist_ok=True)
    file = folder / f"{kind}.host.{pid}.{int(MOMENT * 1000)}.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def line(second, message, level="info", **more):
    moment = int((MOMENT + second) * 1000)
    return {"timestamp": moment, "level": level, "logger": "x", "message": message, **more}


def found(client, **asked):
    answer = client.get(reverse("admin:console_log", query=asked), headers=ENGLISH)
    assert answer.status_code == 200
    return [each["message"] for each in answer.context["lines"]]


REQUEST, REPLY = "find-me-again", str(uuid.UUID(int=7))


@pytest.fixture
def three_processes(folder):
    write(
        folder, "web:1",
        line(1, "asked", request_id=REQUEST),
        line(4, "broken", "error", error="ValueError", traceback="Traceback …\nlamp.py"),
    )  # fmt: skip
    write(folder, "replies:2", line(2, "begun", request_id=REQUEST, reply_id=REPLY))
    write(folder, "web:3", line(3, "slow <b>chats.row</b>", "warning"), line(5, "Grüße"))


def test_lines_of_all_processes_are_in_one_order(three_processes, staff):
    everything = ["Grüße", "broken", "slow <b>chats.row</b>", "begun", "asked"]
    assert found(staff) == everything


@pytest.mark.parametrize(
    ("asked", "messages"),
    [
        ({"level": "warning"}, ["broken", "slow <b>chats.row</b>"]),
        ({"process": "replies"}, ["begun"]),
        ({"process": "web@host:1"}, ["broken", "asked"]),
        ({"request_id": REQUEST}, ["begun", "asked"]),
        ({"request_id": "find"}, []),
        ({"reply_id": REPLY}, ["begun"]),
        ({"text": "GRÜSSE"}, ["Grüße"]),
        ({"text": "lamp.py"}, ["broken"]),
        ({"request_id": REQUEST, "level": "error"}, []),
        ({"before": str(int((MOMENT + 2) * 1000))}, ["asked"]),
        ({"since": "2026-09-21T16:13:24", "until": "2026-09-21T16:13:25"}, ["broken"]),
    ],
)
def test_lines_are_found(three_processes, staff, asked, messages):
    assert found(staff, **asked) == messages


@pytest.mark.parametrize(
    "asked", [{"level": "loud"}, {"reply_id": "x"}, {"since": "yesterday"}, {"process": "../web"}]
)
def test_what_makes_no_sense_finds_nothing_and_says_so(three_processes, staff, asked):
    answer = staff.get(reverse("admin:console_log", query=asked))
    assert answer.context["lines"] == []
    assert 'role="alert"' in answer.text


def test_text_of_a_line_is_no_markup_and_leads_on(three_processes, staff):
    text = staff.get(reverse("admin:console_log")).text
    assert "slow &lt;b&gt;chats.row" in text
    assert f'href="?request_id={REQUEST}"' in text
    assert reverse("admin:chats_reply_change", args=[REPLY]) in text


def test_pages_lead_to_older_lines_and_leave_none_out(folder, staff, monkeypatch):
    monkeypatch.setattr(log_page, "PAGE_LINES", 3)
    write(folder, "web:1", *(line(second // 2, str(second)) for second in range(10)))
    seen, query = set(), ""
    for _page in range(8):
        answer = staff.get(reverse("admin:console_log") + f"?{query}")
        seen |= {each["message"] for each in answer.context["lines"]}
        if not (query := answer.context["older"]):
            break
    assert seen == set(map(str, range(10)))


def test_half_a_line_and_strange_files_are_passed_over(folder, staff):
    file = write(folder, "web:1", line(1, "whole"), line(2, "half"))
    file.write_text(file.read_text()[:-20] + "\n[]\n{}\n")
    (folder / "notes.jsonl").write_text("x")
    assert found(staff) == ["whole"]


def test_a_process_keeps_what_it_logs(kept, staff):
    logs.know(request_id=REQUEST, teacher=uuid.UUID(int=9), reply_id=REPLY)
    try:
        raise ValueError(f"they wrote '{CANARY}'")
    except ValueError:
        log.exception("it failed")
    [piece] = pieces()
    told = [json.loads(each) for each in piece.file.read_text().splitlines()][-1]
    assert (told["request_id"], told["reply_id"], told["level"]) == (REQUEST, REPLY, "error")
    assert told["teacher"] == logs.pseudonym(str(uuid.UUID(int=9)))
    assert told["error"] == "ValueError"
    assert CANARY not in piece.file.read_text()
    assert found(staff, request_id=REQUEST) == ["it failed"]


def test_no_secret_is_kept(kept, settings, folder):
    settings.AI_API_KEY = "sk-canary-of-a-key"
    settings.CELERY_BROKER_URL = BROKER
    settings.ALERT_WEBHOOK_URLS = ["https://hooks.example/canary-path"]
    secrets.secrets.cache_clear()
    log.warning("refused: sk-canary-of-a-key, %s", BROKER)
    log.warning("https://hooks.example/canary-path or canary/secret")
    [piece] = pieces()
    assert "canary" not in piece.file.read_text()
    assert "refused: […]" in piece.file.read_text()
    assert piece.file.stat().st_mode & 0o077 == 0 == folder.stat().st_mode & 0o077


def test_the_folder_stays_small(kept, settings, monkeypatch):
    monkeypatch.setattr(logbook, "PIECE_BYTES", 256 * 1024)
    settings.LOG_FILES_MB = 1
    with time_machine.travel(MOMENT, tick=False) as clock:
        for number in range(1200):
            clock.shift(1)
            log.warning("%04d %s", number, "x" * 1500)
    sizes = [piece.file.stat().st_size for piece in pieces()]
    assert 768 * 1024 < sum(sizes) <= 1024 * 1024
    assert "1199 " in pieces()[-1].file.read_text()


def test_a_file_that_is_taken_away_is_begun_anew(kept, monkeypatch):
    log.warning("first")
    pieces()[0].file.unlink()
    monkeypatch.setattr(logbook, "LOOK_SECONDS", -1.0)
    log.warning("second")
    assert "second" in pieces()[0].file.read_text()


def test_nothing_is_kept_where_that_is_switched_off(settings, staff):
    settings.LOG_FILES_MB = 0
    Logbook("web").start()
    log.warning("x")
    assert pieces() == []
    assert "LOG_FILES_MB" in staff.get(reverse("admin:console_log")).text


def test_a_disk_that_is_full_stops_no_work(kept, monkeypatch, capsys):
    monkeypatch.setattr(logbook.os, "write", lambda *_args: 1 / 0)
    log.warning("x")
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_every_process_keeps_its_log():
    assert Logbook in companions._makers
    assert Piece.of(logbook.Path("celery.a-b.12.345.jsonl")).process == "celery@a-b:12"


def test_who_may_not_see_the_log_does_not(client):
    url = reverse("admin:console_log")
    assert client.get(url).status_code == 302
    assert staff_client("console.view_measurement", is_superuser=False).get(url).status_code == 403
    reader = staff_client("console.view_log", is_superuser=False)
    assert reader.get(url).status_code == 200
    assert url in reader.get(reverse("admin:index")).text


def test_it_asks_the_database_for_no_line(three_processes, staff):
    assert queries_of(staff, reverse("admin:console_log")) <= 2  # session, who it is
