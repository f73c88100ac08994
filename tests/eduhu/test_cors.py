"""Which pages of other hosts may use the API: those on the list, on every route."""

import pytest
from knox.models import AuthToken

from chats.models import Chat
from eduhu.threads import in_thread
from tests.asgi import ask, reply_engine
from tests.client import ApiClient

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.claim(81)]

KNOWN, UNKNOWN = "https://app.eduhu.example", "https://evil.example"
PATHS = [("POST", "/api/chat"), ("GET", f"/api/replies/{'1' * 32}/events"), ("POST", "/api/chats")]
FOREIGN = [UNKNOWN, "null", f"{KNOWN}.evil.example", KNOWN.upper(), "http://app.eduhu.example"]


@pytest.fixture(autouse=True)
def allow_list(settings):
    settings.CORS_ALLOWED_ORIGINS = [KNOWN]


def preflight(path, origin, method="POST"):
    headers = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization, content-type",
    }
    return ask("OPTIONS", path, headers=headers)


def cors_headers(answer):
    return [name for name in answer.headers if name.startswith("access-control-")]


def varies_by_origin(answer):
    return "origin" in [name.strip().lower() for name in answer.headers["vary"].split(",")]


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_a_preflight_of_a_known_page_is_allowed_and_cached(method, path):
    answer = await preflight(path, KNOWN, method)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == KNOWN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert method in answer.headers["access-control-allow-methods"]
    assert {"authorization", "content-type", "last-event-id"} <= {
        name.strip() for name in answer.headers["access-control-allow-headers"].split(",")
    }
    assert answer.headers["access-control-max-age"] == "3600"
    assert varies_by_origin(answer)


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_a_preflight_of_any_other_page_gets_no_header(method, path, origin):
    answer = await preflight(path, origin, method)
    assert not cors_headers(answer)
    assert varies_by_origin(answer)


@pytest.mark.parametrize("origin", [KNOWN, *FOREIGN, None])
@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("signed_in", [True, False])
async def test_answers_and_errors_say_who_may_read_them(teacher, method, path, origin, signed_in):
    token = (await in_thread(AuthToken.objects.create)(teacher))[1] if signed_in else None
    headers = {} if origin is None else {"origin": origin}
    body = {"content": "Hallo"} if method == "POST" else None
    async with reply_engine():
        answer = await ask(method, path, body, token=token, headers=headers)
    assert varies_by_origin(answer)
    if origin == KNOWN:
        assert answer.headers["access-control-allow-origin"] == KNOWN
        assert "x-request-id" in answer.headers["access-control-expose-headers"]
    else:
        assert not cors_headers(answer)


@pytest.mark.parametrize("path", ["/", "/health/live", "/admin/login/"])
async def test_pages_are_for_no_other_page(path):
    answer = await ask("GET", path, headers={"origin": KNOWN})
    assert not cors_headers(answer)


def test_a_foreign_page_cannot_use_a_session(teacher):
    browser = ApiClient(enforce_csrf_checks=True)
    browser.force_login(teacher)
    answer = browser.send("POST", "/api/chats", {}, headers={"origin": UNKNOWN})
    assert answer.status_code == 403
    assert not Chat.objects.exists()
