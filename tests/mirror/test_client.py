"""What an error of InstantDB means for the mirror."""

import json
import socket
import threading
import uuid
from contextlib import suppress

import httpx
import pytest

from eduhu.mirror import client as ours
from eduhu.mirror.client import Change, InstantClient
from eduhu.mirror.deadline import bind, within
from eduhu.mirror.failures import Busy, Closed, MirrorError, NotOurs, Rejected, Unreachable
from tests.fakes.instant_server import APP_ID, TOKEN, Fault

MUCH = b"A" * 32 * 1024 * 1024  # more than the buffers of a connection hold
ROW = uuid.UUID("c0000000-0000-4000-8000-000000000009")


@pytest.fixture
def client(server):
    with InstantClient(app_id=APP_ID, admin_token=TOKEN, api_uri=server.url) as client:
        yield client


def send(client, **document):
    client.transact([Change("chats", ROW, document)])


def test_rows_are_sent_read_and_removed(client):
    send(client, title="Brüche", topic=None)
    assert client.rows("chats", [ROW]) == {ROW: {"id": str(ROW), "title": "Brüche", "topic": None}}
    client.transact([Change("chats", ROW, None)])
    assert client.rows("chats", [ROW]) == {}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("cut"), Unreachable),
        (Fault("lose answer"), Unreachable),
        (Fault("status", status=500), Unreachable),
        (Fault("status", status=503), Unreachable),
        (Fault("status", status=429), Busy),
        (Fault("status", status=404), Closed),
        (Fault("status", status=401), Closed),
        (Fault("status", status=413), Rejected),
        (Fault("no json"), Closed),
    ],
    ids=lambda value: f"{value.kind} {value.status}" if isinstance(value, Fault) else "",
)
def test_a_failure_is_told_by_what_can_be_done(server, client, fault, error):
    server.script(fault)
    with pytest.raises(error):
        send(client, title="A")
    send(client, title="A")


def test_the_pause_that_is_asked_for_is_kept(server, client):
    server.script(Fault("status", status=429, hint={"retry-after": 7}))
    with pytest.raises(Busy) as busy:
        send(client, title="A")
    assert busy.value.retry_after == 7


@pytest.mark.parametrize(("asked", "kept"), [(1e12, 300), (-5, 0), ("7", None), (True, 1)])
def test_no_server_stops_us_for_long(server, client, asked, kept):
    server.script(Fault("status", status=429, hint={"retry-after": asked}))
    with pytest.raises(Busy) as busy:
        send(client, title="A")
    assert busy.value.retry_after == kept


@pytest.mark.parametrize("status", [400, 429, 502])
def test_a_reason_can_be_stored(server, client, status):
    text = '{"type": "validation-failed", "message": "a\\u0000b\\ud800c"}'
    server.script(Fault("page", status, text=text))
    with pytest.raises(MirrorError, match=r"a\?b\?c") as failure:
        send(client, title="A")
    assert str(failure.value).encode()


@pytest.mark.parametrize(
    "rows", [[1], [{}], [{"id": 7}], [{"id": "7"}], [None], [{"id": None}], {"id": str(ROW)}]
)
def test_rows_that_are_none_are_an_answer_of_somebody_else(server, client, rows):
    server.fault = Fault("page", 200, text=json.dumps({"chats": rows}))
    for ask in (client.rows, lambda *_: client.revisions("chats", {}, offset=0, limit=9)):
        with pytest.raises(Closed, match="none of InstantDB's"):
            ask("chats", [ROW])


CALLS = (
    lambda client: send(client, title="A"),
    lambda client: client.rows("chats", [ROW]),
    lambda client: client.schema(),
    lambda client: client.permissions(),
    lambda client: client.push_schema({}),
    lambda client: client.push_permissions({}),
    lambda client: client.issue_token(ROW),
    lambda client: client.remove_person(ROW),
)


@pytest.mark.parametrize(
    ("page", "error"),
    [
        (Fault("page", 200, text='{"status": "ok"}'), MirrorError),
        (Fault("page", 200, text='["ok"]'), MirrorError),
        (Fault("page", 200, text="<html>Sign in first</html>"), Closed),
        (Fault("page", 302, text="{}"), Closed),
        (Fault("page", 400, text='{"type": ["odd"], "message": null}'), Closed),
        (Fault("page", 404, text="<html>"), NotOurs),
        (Fault("page", 502, text="<html>" + 10_000 * "Bad gateway"), Unreachable),
        (Fault("page", 503, text='"busy"'), Unreachable),
    ],
    ids=lambda value: f"{value.status} {value.text[:8]}" if isinstance(value, Fault) else "",
)
def test_what_something_on_the_way_answers_is_no_success(server, client, page, error):
    server.fault = page
    for call in CALLS:
        with pytest.raises(error) as failure:
            call(client)
        assert len(str(failure.value)) < 1000


def test_a_token_with_a_line_break_is_not_told(server):
    with (
        InstantClient(app_id=APP_ID, admin_token="secret\n", api_uri=server.url) as client,
        pytest.raises(Closed) as failure,
    ):
        send(client, title="A")
    assert "secret" not in str(failure.getrepr(style="native"))


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, "\ud800"])
def test_what_json_cannot_say_is_the_rows_fault(client, value):
    with pytest.raises(Rejected):
        send(client, title=value)


@pytest.mark.parametrize("status", ["read-only", "disabled"])
def test_a_closed_app_is_not_the_rows_fault(server, client, status):
    server.status = status
    with pytest.raises(Closed, match=status):
        send(client, title="A")


def test_a_wrong_token_is_not_the_rows_fault(server):
    with (
        InstantClient(app_id=APP_ID, admin_token=str(ROW), api_uri=server.url) as client,
        pytest.raises(Closed, match="app-admin-token"),
    ):
        send(client, title="A")


def test_silence_ends(server, monkeypatch):
    monkeypatch.setattr(ours, "ANSWER_SECONDS", 0.2)
    server.script(Fault("slow", seconds=1.0))
    with (
        InstantClient(app_id=APP_ID, admin_token=TOKEN, api_uri=server.url) as client,
        pytest.raises(Unreachable),
    ):
        send(client, title="A")


@pytest.mark.parametrize("quick", ["", "\r\n\r\n"], ids=["from the first byte", "in the body"])
@pytest.mark.parametrize("ask", CALLS[:4])
def test_an_answer_in_drops_ends(server, quick, ask):
    server.fault = Fault("drip", seconds=0.02, text=quick)
    with (
        InstantClient(app_id=APP_ID, admin_token=TOKEN, api_uri=server.url, seconds=0.3) as client,
        pytest.raises(Unreachable, match="Timeout"),
    ):
        ask(client)


def test_taking_in_sips_ends():
    """The server takes all that we say, but so slowly that nobody can wait for it."""
    received, is_over = 0, threading.Event()

    def sip():
        nonlocal received
        with suppress(OSError):
            connection, _address = listening.accept()
            with connection:
                while not is_over.wait(0.05):
                    received += len(connection.recv(64 * 1024))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        server = threading.Thread(target=sip)
        server.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(timeout=20) as http:
            bind(http)
            with pytest.raises(httpx.TimeoutException), within(0.5):
                http.post(address, content=MUCH)
        is_over.set()
        server.join()
    assert received < len(MUCH)


def test_nobody_there(client, server):
    server.stop()
    with pytest.raises(Unreachable):
        send(client, title="A")
