"""Callers of a REST API, each on a connection that stays open, for as little CPU as can be."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson

SECONDS = 60  # for one answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and after how many milliseconds."""

    status: int
    body: bytes
    ms: float


def get(path: str, token: str) -> bytes:
    """Return a whole GET request."""
    return _request("GET", path, token, b"")


def post(path: str, token: str, data: object) -> bytes:
    """Return a whole POST request with a JSON body."""
    return _request("POST", path, token, orjson.dumps(data))


def _request(method: str, path: str, token: str, body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join((*lines, "", "")).encode() + body


class _Caller(asyncio.Protocol):
    """One connection; asks one thing at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    async def ask(self, request: bytes) -> Answer:
        """Send a request and return its answer. Raises ConnectionError or TimeoutError."""
        self._answer = asyncio.get_running_loop().create_future()
        self._received = b""
        self._missing: int | None = None
        begun = time.perf_counter()
        self._transport.write(request)
        async with asyncio.timeout(SECONDS):
            status, body = await self._answer
        return Answer(status, body, (time.perf_counter() - begun) * 1000)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and len(body) >= _length(head):
            self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answer.done():
            self._answer.set_exception(ConnectionError(f"closed by the server: {exc}"))

    def close(self) -> None:
        self._transport.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ConnectionError(f"an answer without a length: {head!r}")


async def ask_all(urls: Sequence[str], requests: Sequence[bytes], callers: int) -> list[Answer]:
    """Ask everything, `callers` at a time, each caller of one of `urls` by turns."""
    waiting, answers = iter(requests), []

    async def call(number: int) -> None:
        where = urlsplit(urls[number % len(urls)])
        loop = asyncio.get_running_loop()
        _, caller = await loop.create_connection(_Caller, where.hostname, where.port)
        for request in waiting:
            answers.append(await caller.ask(request))
        caller.close()

    await asyncio.gather(*(call(number) for number in range(callers)))
    return answers
