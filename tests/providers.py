"""What the tests of AI providers share: a prompt, readers, and the faults a service can have."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from chats.providers.base import Finish, Prompt, PromptMessage, Provider
from chats.providers.http_stream import Limits
from eduhu.errors import (
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from tests.fakes.ai_script import Script
from tests.fakes.ai_server import AIServer

QUESTION = 'Brüche, 5b: "½ + ¼"?\n\tZeile 2  🎈 \\n '
PROMPT = Prompt(
    (PromptMessage("system", "Du hilfst Lehrkräften."), PromptMessage("user", QUESTION)),
    "scripted",
)
KEY = "sk-secret-key"


def words(count: int) -> str:
    """The first made-up words of a script."""
    return "".join(f"word{number} " for number in range(count))


# Script, the error it becomes, and the text that comes before it.
FAULTS: list[tuple[Script, type[ProviderError], str]] = [
    (Script(fault="status_400"), ProviderRefused, ""),
    (Script(fault="status_401"), ProviderRefused, ""),
    (Script(fault="status_404"), ProviderRefused, ""),
    (Script(fault="redirect"), ProviderRefused, ""),
    (Script(fault="status_429"), ProviderRateLimited, ""),
    (Script(fault="status_500"), ProviderUnavailable, ""),
    (Script(fault="status_503"), ProviderUnavailable, ""),
    (Script(fault="hang_before_first_byte"), ProviderTimeout, ""),
    (Script(fault="hang_after_headers"), ProviderTimeout, ""),
    (Script(fault="one_byte_per_second", delay=0.05), ProviderTimeout, ""),
    (Script(fault="hang_mid_stream", delay=0.01), ProviderTimeout, words(3)),
    (Script(fault="cut_after_n_tokens", delay=0.01), ProviderUnavailable, words(3)),
    (
        Script(fault="cut_after_n_tokens", delay=0.01, framing="close"),
        ProviderUnavailable,
        words(3),
    ),
    (Script(fault="reset_after_n_tokens", delay=0.01), ProviderUnavailable, words(2)),
    (Script(fault="bad_json"), ProviderUnavailable, words(3)),
    (Script(fault="error_event"), ProviderUnavailable, words(3)),
    (Script(fault="error_event", error_code=429), ProviderRateLimited, words(3)),
    (
        Script(fault="error_event", error_code="rate_limit_exceeded"),
        ProviderRateLimited,
        words(3),
    ),
    (
        Script(fault="error_event", error_code="context_length_exceeded"),
        ProviderRefused,
        words(3),
    ),
    (Script(fault="not_json_html"), ProviderUnavailable, ""),
]


def limits(**changes: float) -> Limits:
    """Limits that make a test wait for a moment only."""
    patience = {"connect_timeout": 2, "first_byte_timeout": 0.4, "idle_timeout": 0.4}
    size = {"total_timeout": 5, "max_chars": 10_000}
    return Limits(**{**patience, **size, **changes})


@asynccontextmanager
async def quiet_ai_server(*, tls: bool = False) -> AsyncIterator[AIServer]:
    """A server at whose end no task and no connection may be left."""
    before = asyncio.all_tasks()
    async with AIServer(tls=tls) as running:
        yield running
        await until(lambda: not running.open_connections)
    await until(lambda: asyncio.all_tasks() <= before | {asyncio.current_task()})


async def until(condition: Callable[[], object], seconds: float = 1.0) -> None:
    """Wait until `condition` holds; fail if it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.005)


async def read(provider: Provider, prompt: Prompt = PROMPT) -> tuple[str, Finish]:
    """Return a whole reply."""
    items = [item async for item in provider.stream(prompt)]
    finish = items.pop()
    assert isinstance(finish, Finish)
    assert all(isinstance(item, str) and item for item in items)
    return "".join(items), finish


async def failure(provider: Provider, prompt: Prompt = PROMPT) -> tuple[str, ProviderError]:
    """Return the text before an error, and the error."""
    text = ""
    try:
        async for item in provider.stream(prompt):
            assert isinstance(item, str)
            text += item
    except ProviderError as error:
        return text, error
    raise AssertionError("the stream ended without an error")
