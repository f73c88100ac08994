"""Each line of the log says of what it is, and none says what teachers write."""

import io
import json
import logging
import threading
import uuid
from types import SimpleNamespace

import pytest
from celery import signals
from django.db import DataError, IntegrityError

from eduhu import logs, telemetry
from eduhu.celery import app
from eduhu.logs import JsonFormatter, LineFormatter
from eduhu.threads import in_thread
from teachers.tasks import remove_expired

CANARY = "Quastenflosser"


@pytest.fixture(autouse=True)
def nothing_known():
    logs.forget()
    yield
    logs.forget()


@pytest.fixture(params=[JsonFormatter, lambda: LineFormatter("%(context)s %(message)s")])
def written(request):
    """What a logger writes in either form."""
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(request.param())
    logger = logging.getLogger(f"eduhu.test.{uuid.uuid4()}")
    logger.addHandler(handler)
    logger.propagate = False
    return SimpleNamespace(log=logger, text=handler.stream.getvalue)


@pytest.fixture
def lines():
    """Lines as JSON."""
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger("eduhu")
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in handler.stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_line_is_json_with_what_is_known(lines):
    teacher = uuid.uuid4()
    logs.know(request_id="0a1b2c3d", teacher=teacher, reply_id=uuid.UUID(int=7))
    logging.getLogger("eduhu.x").warning("slow %s: %d ms", "chats.row", 612)
    [line] = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "message": "slow chats.row: 612 ms",
        "level": "warning",
        "logger": "eduhu.x",
        "environment": "development",
        "request_id": "0a1b2c3d",
        "teacher": logs.pseudonym(str(teacher)),
        "reply_id": str(uuid.UUID(int=7)),
    }


def test_a_teacher_stands_there_under_a_pseudonym(lines, settings):
    teacher = uuid.uuid4()
    logs.know(teacher=teacher)
    logging.getLogger("eduhu.x").warning("x")
    assert str(teacher) not in json.dumps(lines())
    first = logs.pseudonym(str(teacher))
    assert first != logs.pseudonym(str(uuid.uuid4()))
    logs.pseudonym.cache_clear()
    settings.SECRET_KEY = "another" * 10
    assert logs.pseudonym(str(teacher)) != first
    logs.pseudonym.cache_clear()


def test_lines_cannot_be_forged(lines):
    logging.getLogger("eduhu.x").warning('a\n{"level": "critical"}\r\nb')
    assert len(lines()) == 1


@pytest.mark.django_db
def test_a_request_is_on_the_lines_it_causes(lines, api, teacher):
    answer = api.get("/api/chats", headers={"x-request-id": "find-me-again"})
    [line] = [line for line in lines() if line["logger"] == "eduhu.telemetry"]
    assert line["request_id"] == "find-me-again" == answer["X-Request-ID"]
    assert line["teacher"] == logs.pseudonym(str(teacher.pk))
    assert " 200 in " in line["message"]
    assert "/api" not in line["message"]


async def test_what_is_known_goes_along_into_threads_and_stays_in_its_own_work():
    logs.know(request_id="of this one")
    assert await in_thread(logs.context)() == {"request_id": "of this one"}
    seen = []
    thread = threading.Thread(target=lambda: seen.append(logs.context()))
    thread.start()
    thread.join()
    assert seen == [{}]


def test_a_request_begins_with_nothing_of_the_one_before():
    logs.know(teacher=uuid.uuid4(), reply_id="x")
    telemetry.begin_request("find-me-again")
    assert logs.context() == {"request_id": "find-me-again"}


def test_a_task_knows_itself_and_the_request_that_started_it():
    headers = {}
    logs.know(request_id="find-me-again")
    signals.before_task_publish.send("x", headers=headers)
    assert headers == {"request_id": "find-me-again"}
    seen = []
    task = app.tasks[remove_expired.name]
    task.push_request(id="4711", **headers)
    try:
        signals.task_prerun.send(task, task_id="4711", task=task)
        seen.append(logs.context())
        signals.task_postrun.send(task, task_id="4711", task=task, state="SUCCESS")
    finally:
        task.pop_request()
    assert seen == [{"task_id": "4711", "task": remove_expired.name, "request_id": "find-me-again"}]
    assert logs.context() == {}


ERRORS = [
    IntegrityError(f'new row violates check constraint "x"\nDETAIL:  Failing row contains ({CANARY})'),
    DataError(f'invalid input syntax for type uuid: "{CANARY}"'),
    ValueError(f"could not convert string to float: '{CANARY}'"),
    KeyError(CANARY),
    UnicodeEncodeError("ascii", CANARY + "ä", 14, 15, "ordinal not in range"),
    RuntimeError(f"nothing known of “{CANARY}”"),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_what_an_error_quotes_is_left_out(written, error):
    def fail(name):
        raise error  # `name` is a local variable

    try:
        try:
            fail(CANARY)
        except Exception as cause:
            raise RuntimeError("it failed") from cause
    except RuntimeError:
        written.log.exception("unexpected error")
    text = written.text()
    assert CANARY not in text
    assert type(error).__name__ in text
    assert "in fail" in text
    assert "RuntimeError: it failed" in text


def test_what_helps_is_kept(written):
    try:
        raise IntegrityError('duplicate key value violates unique constraint "replies_one_live"')
    except IntegrityError:
        written.log.exception("x")
    try:
        None.missing  # noqa: B018
    except AttributeError:
        written.log.exception("x")
    assert "replies_one_live" in written.text()
    assert "'missing'" in written.text()


def test_a_chain_that_bites_its_tail_has_an_end():
    error = ValueError("a")
    error.__cause__ = ValueError("b")
    error.__cause__.__cause__ = error
    assert logs.harmless_traceback((ValueError, error, None)).count("Traceback") == 2
