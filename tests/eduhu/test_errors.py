"""One shape for every error, in German and English."""

import json
import re
import uuid

import pytest

from eduhu import errors
from tests.asgi import ask
from tests.client import ApiClient

pytestmark = pytest.mark.django_db

MEMBERS = {"type", "title", "status", "detail", "error", "code", "request_id"}


def body_of(answer):
    assert answer["Content-Type"] == "application/problem+json"
    body = json.loads(answer.content)
    assert body.keys() >= MEMBERS
    assert body["status"] == answer.status_code
    assert body["error"] == body["detail"]
    assert body["type"] == f"urn:eduhu:error:{body['code']}"
    assert body["request_id"] == answer["X-Request-ID"]
    return body


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/api/chats/01890a5d-ac96-774b-bcce-b302099a8057", {}, 404, "not_found"),
        ("GET", "/api/chats/not-a-uuid", {}, 404, "not_found"),
        ("GET", "/api/chats/", {}, 404, "not_found"),
        ("GET", "/api/chats/7/messages", {"accept": "text/html"}, 404, "not_found"),
        ("PUT", "/api/chats", {}, 405, "method_not_allowed"),
        ("DELETE", "/api/preferences", {}, 405, "method_not_allowed"),
        ("GET", "/api/auth/login", {}, 405, "method_not_allowed"),
        ("GET", "/api/chats", {"accept": "text/csv"}, 406, "not_acceptable"),
        ("GET", "/api/chats?limit=0", {}, 400, "invalid_input"),
        ("POST", "/api/chats", {}, 415, "unsupported_media_type"),
        ("GET", "/api/chats", {"host": "evil.example"}, 400, "invalid_input"),
    ],
)
def test_an_error_is_a_problem(api, method, path, headers, status, code):
    content = {"content_type": "text/plain"} if status == 415 else {}
    answer = api.generic(method, path, b"Optik" if content else b"", headers=headers, **content)
    body = body_of(answer)
    assert (answer.status_code, body["code"]) == (status, code)
    assert answer["Cache-Control"] == "no-store"


def test_a_405_names_what_is_allowed(api):
    allowed = api.send("PUT", "/api/chats")["Allow"]
    assert {"GET", "POST"} <= set(allowed.replace(" ", "").split(","))


async def test_a_405_beside_django_names_what_is_allowed():
    answer = await ask("GET", "/api/chat")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("header", "own", "detail"),
    [
        (None, "de", "Das wurde nicht gefunden."),
        (None, "en", "This was not found."),
        ("en", "de", "This was not found."),
        ("en-GB,en;q=0.9", "de", "This was not found."),
        ("de-AT", "en", "Das wurde nicht gefunden."),
        ("fr;q=0.9, en;q=0.1", "de", "This was not found."),
        ("en;q=0.2, de;q=0.8", "en", "Das wurde nicht gefunden."),
        ("fr", "en", "This was not found."),
        ("fr", "de", "Das wurde nicht gefunden."),
        ("*", "en", "This was not found."),
        (";;;,,", "en", "This was not found."),
        ("en\udcff" * 3, "de", "Das wurde nicht gefunden."),
    ],
)
def test_the_client_chooses_the_language_then_the_teacher(teacher, header, own, detail):
    teacher.language = own
    teacher.save()
    headers = {} if header is None else {"accept-language": header}
    answer = ApiClient(teacher).get(f"/api/chats/{uuid.uuid4()}", headers=headers)
    assert answer.json()["detail"] == detail


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        ("en", "Please sign in."),
        ("fr", "Bitte melden Sie sich an."),
        ("", "Bitte melden Sie sich an."),
    ],
)
def test_nobody_is_answered_in_german_unless_they_ask(anonymous_api, header, detail):
    answer = anonymous_api.get("/api/chats", headers={"accept-language": header})
    assert answer.json()["detail"] == detail


def all_errors(kind=errors.EduhuError):
    return [kind, *(each for sub in kind.__subclasses__() for each in all_errors(sub))]


@pytest.mark.parametrize("kind", all_errors())
def test_each_error_has_a_code_and_a_text_in_both_languages(settings, kind):
    from django.utils.translation import override

    texts = {}
    for language in ("de", "en"):
        with override(language):
            texts[language] = errors.problem(kind(), "id")["detail"]
    assert re.fullmatch(r"[a-z_]+", kind.code)
    assert texts["de"] != texts["en"]
    assert type(errors.by_code(kind.code)).code == kind.code


def test_codes_are_given_once():
    codes = [kind.code for kind in all_errors()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("offered", ["abcdefgh", "0a1b2c3d-0001_x.y", "a" * 64])
def test_a_harmless_request_id_of_the_client_is_kept(api, offered):
    answer = api.get("/api/chats", headers={"x-request-id": offered})
    assert answer["X-Request-ID"] == offered


@pytest.mark.parametrize(
    "offered", ["short", "a" * 65, "<script>alert(1)</script>", "a\nb" * 5, ""]
)
def test_any_other_request_id_is_replaced(api, offered):
    named = api.get("/api/chats", headers={"x-request-id": offered})["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", named)


@pytest.mark.parametrize(
    "path", ["/api/unknown", "/api/", "/api/chats/7/x", "/api/artifacts/..%2f"]
)
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_an_unknown_path_of_the_api_is_a_problem(client, path, accept):
    answer = client.get(path, headers={"accept": accept})
    assert answer.status_code == 404
    assert body_of(answer)["code"] == "not_found"


def test_people_get_a_page_not_a_problem(client):
    answer = client.get("/unknown")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")
