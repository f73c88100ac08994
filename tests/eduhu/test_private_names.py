"""Names in chats are in no log, no event of Sentry, and no answer but the teacher's own.

One whole server does what teachers do with a name, and fails in ways in which databases
and parsers quote what they were given.
"""

import contextlib
import json
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.fakes.http_sink import HttpSink
from tests.live import live_server

CANARY = "Quastenflosser"
# Databases name the row that they refuse.
REFUSE = """
from django.db import connection
with connection.cursor() as cursor:
    if connection.vendor == "postgresql":
        cursor.execute("ALTER TABLE chats ADD CONSTRAINT told CHECK (title NOT LIKE '%refused')")
    else:
        cursor.execute('''CREATE TRIGGER told BEFORE INSERT ON chats
            WHEN NEW.title LIKE '%refused' BEGIN
            SELECT RAISE(ABORT, 'refused: "Quastenflosser refused"'); END''')
"""


@pytest.fixture(scope="module")
def sink():
    with HttpSink() as sink:
        yield sink


@pytest.fixture(scope="module")
def server(sink):
    environment = {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json", "SENTRY_DSN": sink.dsn}
    with live_server(**environment) as server:
        server.manage("shell", "-v0", "-c", REFUSE)
        yield server


@pytest.fixture(scope="module")
def call(server):
    """Ask the server; `call.errors` are the bodies of errors."""

    def call(method, path, body=None, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        headers = {"Content-Type": "application/json", **call.headers, **headers}
        asked = urllib.request.Request(f"{server.url}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            text = error.read()
            call.errors.append(text.decode())
            return error.code, text

    call.headers, call.errors = {}, []
    account = {"email": "demo@eduhu.example", "password": "eduhu-demo"}
    _status, answer = call("POST", "/api/auth/login", account)
    call.headers = {"Authorization": f"Bearer {json.loads(answer)['token']}"}
    return call


@pytest.fixture(scope="module")
def term(server, sink, call):
    """A day of a teacher who writes a pupil's name everywhere."""
    status, chat = call("POST", "/api/chats", {"title": f"Elternbrief {CANARY}"})
    assert status == 201
    chat = json.loads(chat)["id"]
    question = {"content": f"Ein Brief an die Eltern von {CANARY}", "chat_id": chat}
    status, stream = call("POST", "/api/chat", question, **{"X-Request-ID": "of-this-question"})
    assert (status, b'"type":"done"' in stream) == (200, True)
    call("PATCH", f"/api/chats/{chat}", {"title": f"Brief {CANARY}"})
    call("GET", f"/api/chats?{urllib.parse.urlencode({'cursor': CANARY})}")
    call("GET", f"/api/chats/{CANARY}")
    call("GET", f"/api/{CANARY}")
    call("POST", "/api/chats", b'{"title": "' + CANARY.encode())
    call("POST", "/api/chats", {"title": {"name": CANARY}})
    call("POST", "/api/chats", {"title": CANARY, "id": CANARY})
    call("POST", "/api/auth/login", {"email": f"{CANARY}@eduhu.example", "password": CANARY})
    call("GET", "/api/chats", Authorization=f"Bearer {CANARY}")
    status, _body = call("POST", f"/api/chats?{CANARY}", {"title": f"{CANARY} refused"})
    assert status == 500
    call("POST", "/api/chat", {"content": f"{CANARY} refused"})
    end = time.monotonic() + 30
    while not sink.events():
        assert time.monotonic() < end
        time.sleep(0.05)
    return chat


def lines_of(server):
    text = server.log.read_text()
    found = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found


@pytest.mark.claim(85)
def test_the_log_names_no_pupil(server, term):
    text = server.log.read_text()
    assert "Traceback" in text
    assert CANARY not in text
    assert CANARY.lower() not in text.lower()


@pytest.mark.claim(85)
def test_sentry_hears_no_name(sink, term):
    events = sink.events()
    assert any(event.get("exception") for event in events)
    text = json.dumps(events)
    assert CANARY.lower() not in text.lower()
    frames = [
        frame
        for event in events
        for error in event.get("exception", {}).get("values", [])
        for frame in error["stacktrace"]["frames"]
    ]
    assert frames
    assert not [frame for frame in frames if frame.get("vars")]
    assert not [event for event in events if "user" in event]
    assert any(event["tags"].get("request_id") for event in events)


@pytest.mark.claim(85)
def test_errors_repeat_nothing(call, term):
    assert len(call.errors) >= 8
    assert not [text for text in call.errors if CANARY in text]


def test_a_question_is_found_from_request_to_reply(server, term):
    lines = lines_of(server)
    asked = [line for line in lines if line.get("request_id") == "of-this-question"]
    written = [line for line in lines if line.get("reply_id")]
    assert asked
    assert written
    assert {line.get("teacher") for line in asked if "teacher" in line} == {
        line["teacher"] for line in written
    }
