"""Read replies from an AI service over HTTP: one request, one stream, and no service's words.

What a service wants to be asked, and what its events mean, is said by a subclass
of `HttpProvider` and of `Answer`.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from chats.providers.answer import Answer
from chats.providers.base import Finish, Prompt
from chats.providers.upstream import Watchdog, describe_fault, error_for_status
from eduhu.errors import ProviderTimeout, ProviderUnavailable, ProviderUntrusted

logger = logging.getLogger(__name__)

_CONNECTIONS = 512
_SECONDS_FOR_ERROR_BODY = 2.0
# After the last piece of text: how long usage may take, and then the end of the
# body, which gives the connection back for the next reply.
_SECONDS_FOR_USAGE = 5.0
_SECONDS_FOR_END = 0.2
_ERROR_BODY_BYTES = 16 * 1024
_LOGGED_CHARACTERS = 300
_RECOGNISABLE = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """How long we wait for a service, in seconds, and how much we take from it.

    `first_byte_timeout` runs from the request to the first line of the answer;
    `idle_timeout` between lines (an event or a comment: bytes that end no line count
    as silence) while we wait for the provider, not while the consumer is busy;
    `total_timeout` holds in any case.
    """

    connect_timeout: float
    first_byte_timeout: float
    idle_timeout: float
    total_timeout: float
    max_chars: int


class HttpProvider(ABC):
    """A `Provider` that asks `url` once for each reply and reads the answer as it comes.

    Use one object for as long as possible: it keeps connections alive, a pool for
    each event loop. `aclose` gives back those of the running loop.
    """

    name: str
    is_demo = False

    def __init__(self, url: str, api_key: str | None, limits: Limits) -> None:
        self.url = url
        self._key = (api_key or "").strip()
        self._limits = limits
        self._sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}

    @abstractmethod
    def _request_body(self, prompt: Prompt) -> dict[str, Any]:
        """Return what asks for a streamed reply to `prompt`."""

    @abstractmethod
    def _key_headers(self) -> dict[str, str]:
        """Return the headers that carry the key, and what else the service wants to see."""

    @abstractmethod
    def _new_answer(self, *, streamed: bool) -> Answer:
        """Return the reader of one answer."""

    def _learns_from(self, status: int, body: bytes, asked: dict[str, Any]) -> bool:
        """Whether `asked` was refused for its form, and is worth asking in another one."""
        return False

    async def stream(self, prompt: Prompt) -> AsyncGenerator[str | Finish, None]:
        """Yield the reply as it arrives and then one `Finish`; see `Provider`.

        Closing the iterator, or cancelling the task that waits for it, closes the
        upstream connection at once.
        """
        clock = asyncio.get_running_loop().time
        started = clock()
        total, first_byte = self._timeouts(prompt)
        response = await self._open(prompt, first_byte)
        answer = self._new_answer(streamed=response.content_type != "application/json")
        watchdog = Watchdog(response.close, started + total - clock())
        watchdog.expect(started + first_byte - clock())
        lines, broken = 0, None
        try:
            while chunk := await response.content.readany():
                if text := answer.feed(chunk):
                    watchdog.rest()
                    yield text
                    if prompt.pace is not None and not (answer.reason or answer.over):
                        await prompt.pace()
                if answer.fault or answer.full:
                    break
                if lines != answer.signs_of_life:
                    lines = answer.signs_of_life
                    watchdog.expect(self._patience(answer))
            if text := answer.close():
                yield text
        except (aiohttp.ClientError, OSError) as error:
            broken = error
            if text := answer.feed(_unread(response)):
                yield text
        finally:
            watchdog.stop()
            # A body read to its end has already given its connection back to the pool.
            response.close()
        yield _ending(answer, watchdog, broken, self._redacted(answer.fault_text, prompt))

    async def aclose(self) -> None:
        """Close the connections of the running event loop; the next stream opens new ones."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    def _timeouts(self, prompt: Prompt) -> tuple[float, float]:
        total = self._limits.total_timeout
        if prompt.deadline is not None:
            total = min(total, prompt.deadline.remaining())
        return total, min(self._limits.first_byte_timeout, total)

    def _patience(self, answer: Answer) -> float:
        if answer.done:
            return _SECONDS_FOR_END
        idle = self._limits.idle_timeout
        return min(_SECONDS_FOR_USAGE, idle) if answer.reason else idle

    async def _open(self, prompt: Prompt, seconds: float) -> aiohttp.ClientResponse:
        """Return an accepted response whose body was not read yet."""
        try:
            async with asyncio.timeout(seconds):
                return await self._accepted(prompt)
        except aiohttp.ServerTimeoutError as error:
            logger.warning("No connection to the AI provider in time: %r", error)
            raise ProviderUnavailable from error
        except TimeoutError as error:
            logger.warning("The AI provider was silent for %.1f s", seconds)
            raise ProviderTimeout from error
        except aiohttp.ClientConnectorCertificateError as error:
            logger.warning("The AI provider's certificate is not valid: %s", error)
            raise ProviderUntrusted from error
        # ValueError: a host name or key that cannot exist in HTTP.
        except (aiohttp.ClientError, OSError, ValueError) as error:
            logger.warning(
                "No connection to the AI provider: %s", self._redacted(repr(error), prompt)
            )
            raise ProviderUnavailable from error

    async def _accepted(self, prompt: Prompt) -> aiohttp.ClientResponse:
        asked = self._request_body(prompt)
        session = await self._session()
        response = await session.post(self.url, data=orjson.dumps(asked), allow_redirects=False)
        if response.status == 200:
            return response
        body = await _error_body(response)
        if self._learns_from(response.status, body, asked):
            return await self._accepted(prompt)
        detail = self._redacted(_fault_in(body), prompt)
        logger.warning("The AI provider answered %d: %r", response.status, detail)
        raise error_for_status(response.status, response.headers.get("Retry-After"))

    async def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            session = self._sessions[loop] = self._new_session()
            for ended in [other for other in self._sessions if other.is_closed()]:
                await self._sessions.pop(ended).close()
        return session

    def _new_session(self) -> aiohttp.ClientSession:
        headers = {
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",  # compression would hold tokens back
            "Content-Type": "application/json",
            "User-Agent": "eduhu",
            **self._key_headers(),
        }
        connect = self._limits.connect_timeout
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect),
            trust_env=False,
        )

    def _redacted(self, text: str, prompt: Prompt) -> str:
        """Return what may be logged of a provider's words: some of them repeat the question."""
        if self._key:
            text = text.replace(self._key, "[key]")
        for message in prompt.messages:
            start = message.content[:_RECOGNISABLE]
            if start and (found := text.find(start)) >= 0:
                text = text[:found] + "[prompt]"
        return text[:_LOGGED_CHARACTERS]


def _unread(response: aiohttp.ClientResponse) -> bytes:
    """Return what had come before the connection broke; the reader itself keeps it back."""
    return response.content._read_nowait(-1)


def _ending(
    answer: Answer, watchdog: Watchdog, broken: Exception | None, fault_text: str
) -> Finish:
    """Return how a stream ended, or raise what ended it."""
    if answer.fault is not None:
        logger.warning("The AI provider broke off its answer: %r", fault_text)
        raise answer.fault
    if answer.reason is not None or answer.done:
        return Finish(answer.reason or "stop", None if answer.full else answer.usage)
    if watchdog.expired:
        logger.warning("The AI provider was silent, or too slow, in the middle of its answer")
        raise ProviderTimeout from broken
    logger.warning("The AI provider's answer was cut: %r", broken)
    raise ProviderUnavailable from broken


async def _error_body(response: aiohttp.ClientResponse) -> bytes:
    """Return the first bytes of a refusal, as far as they come in time, and close it."""
    try:
        async with asyncio.timeout(_SECONDS_FOR_ERROR_BODY):
            return await response.content.read(_ERROR_BODY_BYTES)
    except (aiohttp.ClientError, OSError):
        return b""
    finally:
        response.close()


def _fault_in(body: bytes) -> str:
    """Return the provider's own words about an error, where they are in the usual shape."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return f"{len(body)} bytes that are no JSON"
    if not isinstance(parsed, dict):
        return "JSON without an error"
    return describe_fault(parsed.get("error") or parsed)
