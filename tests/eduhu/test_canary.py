"""Whatever breaks inside, nothing of it reaches a client; the log has it all."""

import logging

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from knox.models import AuthToken
from rest_framework import exceptions as drf

from chats import limits, queries
from chats import stream as chat_stream
from eduhu import errors, logs, telemetry
from tests.asgi import ask
from tests.client import ApiClient

CANARY = "canary-4711 /srv/eduhu/secret.py SELECT * FROM teachers"
INTERNAL = ("canary", "/srv", "SELECT", "Traceback", "Error(", ".py", "queries", "Canary")


class CanaryError(Exception):
    """An error whose very name must not be seen."""


UNEXPECTED = [
    ValueError, KeyError, RuntimeError, CanaryError, IntegrityError, DatabaseError, OSError,
    drf.APIException,
]  # fmt: skip
TRANSIENT = [OperationalError, InterfaceError]
EXPECTED = [
    (Http404, 404), (PermissionDenied, 403), (drf.NotFound, 404), (drf.PermissionDenied, 403),
    (drf.ParseError, 400), (drf.NotAuthenticated, 401), (drf.AuthenticationFailed, 401),
    (drf.NotAcceptable, 406),
]  # fmt: skip


def raising(error):
    def function(*args, **kwargs):
        raise error

    return function


def assert_logged(caplog, kind):
    # What a KeyError says is nothing but a quoted value: the log keeps only its place.
    assert ("KeyError: …" if kind is KeyError else "canary-4711") in caplog.text


def assert_clean(status, headers, body, expected):
    assert status == expected
    shown = f"{headers} {body.decode()}"
    assert not [word for word in INTERNAL if word in shown]


@pytest.fixture(autouse=True)
def everything_is_logged(caplog):
    caplog.set_level(logging.DEBUG)


@pytest.mark.django_db
class TestInAView:
    @pytest.mark.claim(85)
    @pytest.mark.parametrize("kind", UNEXPECTED)
    def test_an_unexpected_error_is_a_500_and_logged_with_its_request_id(
        self, api, monkeypatch, caplog, kind
    ):
        monkeypatch.setattr(queries, "chat_page", raising(kind(CANARY)))
        answer = api.get("/api/chats")
        assert_clean(answer.status_code, answer.headers, answer.content, 500)
        assert answer.json()["code"] == "server_error"
        assert_logged(caplog, kind)
        assert "Traceback" in caplog.text

    @pytest.mark.claim(85)
    @pytest.mark.parametrize("kind", TRANSIENT)
    def test_a_database_that_is_away_is_a_503_to_be_tried_again(
        self, api, monkeypatch, caplog, kind
    ):
        monkeypatch.setattr(queries, "chat_page", raising(kind(CANARY)))
        answer = api.get("/api/chats")
        assert_clean(answer.status_code, answer.headers, answer.content, 503)
        assert answer.json()["code"] == "unavailable"
        assert int(answer["Retry-After"]) >= 1
        assert "canary-4711" in caplog.text

    @pytest.mark.claim(85)
    @pytest.mark.parametrize(("kind", "status"), EXPECTED)
    def test_the_words_of_the_framework_are_not_shown(self, api, monkeypatch, kind, status):
        monkeypatch.setattr(queries, "chat_page", raising(kind(CANARY)))
        answer = api.get("/api/chats")
        assert_clean(answer.status_code, answer.headers, answer.content, status)

    @pytest.mark.claim(85)
    def test_the_cause_of_our_own_error_is_not_shown(self, api, monkeypatch):
        error = errors.Unavailable()
        error.__cause__ = ValueError(CANARY)
        monkeypatch.setattr(queries, "chat_page", raising(error))
        answer = api.get("/api/chats")
        assert_clean(answer.status_code, answer.headers, answer.content, 503)

    @pytest.mark.claim(85)
    def test_an_error_before_any_view_is_a_problem_too(self, teacher, monkeypatch, caplog):
        monkeypatch.setattr(telemetry, "begin_request", raising(ValueError(CANARY)))
        answer = ApiClient(teacher).get("/api/chats")
        assert_clean(answer.status_code, answer.headers, answer.content, 500)
        assert answer.json()["code"] == "server_error"
        assert "canary-4711" in caplog.text

    def test_the_request_id_of_the_answer_finds_the_log_line(self, api, monkeypatch, caplog):
        seen = []

        class Recorder(logging.Handler):
            def emit(self, record):
                seen.append(logs.context()["request_id"])

        recorder = Recorder(logging.ERROR)
        logging.getLogger().addHandler(recorder)
        monkeypatch.setattr(queries, "chat_page", raising(ValueError(CANARY)))
        try:
            answer = api.get("/api/chats", headers={"x-request-id": "find-me-again"})
        finally:
            logging.getLogger().removeHandler(recorder)
        assert answer.json()["request_id"] == "find-me-again"
        assert "find-me-again" in seen


@pytest.mark.django_db(transaction=True)
class TestBesideDjango:
    @pytest.fixture
    def token(self, teacher):
        return AuthToken.objects.create(teacher)[1]

    @pytest.mark.claim(85)
    @pytest.mark.parametrize(
        ("kind", "status"), [(kind, 500) for kind in UNEXPECTED] + [(kind, 503) for kind in TRANSIENT]
    )  # fmt: skip
    @pytest.mark.parametrize("method", ["POST", "GET"])
    async def test_an_error_before_the_stream(
        self, token, monkeypatch, caplog, method, kind, status
    ):
        monkeypatch.setattr(limits, "ask", raising(kind(CANARY)))
        monkeypatch.setattr(chat_stream, "find_reply", raising(kind(CANARY)))
        path = "/api/chat" if method == "POST" else f"/api/replies/{'1' * 32}/events"
        answer = await ask(method, path, {"content": "Hallo"}, token=token)
        assert_clean(answer.status, answer.headers, answer.body, status)
        assert_logged(caplog, kind)

    @pytest.mark.claim(85)
    @pytest.mark.parametrize("kind", UNEXPECTED + TRANSIENT)
    async def test_an_error_inside_the_stream_ends_it_with_an_event(
        self, token, monkeypatch, caplog, kind
    ):
        async def frames(*args):
            yield b'data: {"type":"content","content":"Licht"}\n\n'
            raise kind(CANARY)

        monkeypatch.setattr(chat_stream, "sse_frames", frames)
        monkeypatch.setattr(chat_stream, "find_reply", lambda *args: None)
        monkeypatch.setattr(chat_stream, "refuse_beyond_end", lambda *args: None)
        answer = await ask("GET", f"/api/replies/{'1' * 32}/events", token=token)
        assert_clean(answer.status, answer.headers, answer.body, 200)
        assert [frame["type"] for frame in answer.frames()] == ["content", "error"]
        assert_logged(caplog, kind)
