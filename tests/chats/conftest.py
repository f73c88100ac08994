"""Servers and devices for the tests of streams."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser import Visit, browsing, chromium
from tests.fakes.ai_script import Script
from tests.fakes.ai_server import ai_server_in_thread
from tests.live import LiveServer, live_server
from tests.readers import Device

ORIGIN = "https://schule.example"
MAKE_TEACHERS = """
import json
from django.db import transaction
from knox.models import AuthToken
from teachers.models import Teacher
with transaction.atomic():
    teachers = [Teacher.objects.create_user(f"t{n}@eduhu.example") for n in range(300)]
    print(json.dumps([AuthToken.objects.create(each)[1] for each in teachers]))
"""


def sign_in_many(server: LiveServer) -> Iterator[str]:
    """Tokens of teachers who have done nothing yet."""
    printed = server.manage("shell", "-v0", "-c", MAKE_TEACHERS)
    return iter(json.loads(printed.splitlines()[-1]))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, for all tests that ask for `visit`; theirs is the loop of the session."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, live_eduhu: str) -> AsyncIterator[Visit]:
    """Open the page as somebody who was never here."""
    async with browsing(browser, live_eduhu) as open_page:
        yield open_page


@pytest.fixture(scope="session")
def ai_and_eduhu():
    """The scripted AI service, and a server that asks it; both live as long as the session."""
    with ai_server_in_thread() as ai:
        environment = {
            "AI_BASE_URL": ai.url,
            "AI_API_KEY": "sk-canary",
            "AI_MODEL": "standard",
            "AI_MODELS": "other",
            "AI_FIRST_BYTE_TIMEOUT": "2",
            "AI_IDLE_TIMEOUT": "1.5",
            "AI_ATTEMPTS": "1",  # what a second attempt does is told in test_resilient_provider
            "AI_BREAKER_FAILURES": "1000",
            "CHAT_RATE": "30/h",
            "MAX_LIVE_REPLIES": "2",
            "STREAM_HEARTBEAT_SECONDS": "0.2",
            "REPLY_CHECKPOINT_SECONDS": "0.1",
            "CORS_ALLOWED_ORIGINS": ORIGIN,
        }
        with live_server(**environment) as server:
            yield ai, server, sign_in_many(server)


@pytest.fixture
def ai(ai_and_eduhu):
    """The AI service: set its `script`, read its `requests`."""
    server = ai_and_eduhu[0]
    server.script = Script()
    server.queue.clear()
    server.requests.clear()
    return server


@pytest.fixture
async def sign_in(ai_and_eduhu):
    """Makes devices of teachers at the server with the AI service, each of a new teacher."""
    _ai, server, tokens = ai_and_eduhu
    async with AsyncExitStack() as stack:

        async def make(token: str | None = None, **headers: str) -> Device:
            return await stack.enter_async_context(
                Device(server.url, token or next(tokens), **headers)
            )

        yield make


@pytest.fixture
async def device(ai, sign_in):
    """A device of a teacher who has done nothing yet."""
    return await sign_in()


@pytest.fixture
async def stranger_device(sign_in):
    """A device of another teacher."""
    return await sign_in()
