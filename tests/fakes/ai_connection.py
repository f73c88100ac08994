"""The HTTP/1.1 side of the scripted AI server: requests in, framed bytes out."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol


@dataclass(slots=True)
class Recorded:
    """One request as it arrived. Times are `time.monotonic()`.

    `ended` is set when the server was through with it, `left` when the client closed
    the connection before that.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    started: float
    ended: float | None = None
    left: float | None = None
    tokens_sent: int = 0

    @property
    def last_message(self) -> dict[str, str]:
        """The last message of the prompt."""
        message: dict[str, str] = self.body["messages"][-1]
        return message


class Host(Protocol):
    """What a connection needs of its server."""

    requests: list[Recorded]
    connections: set["Connection"]
    tasks: set[asyncio.Task[None]]

    def handler(self, method: str, path: str) -> "Handler":
        """Return what answers a path."""
        ...


class Connection(asyncio.Protocol):
    """One client: parses requests, answers them one after the other, notices when it leaves."""

    def __init__(self, server: Host) -> None:
        self.server = server
        self.framing = "chunked"
        self._received = bytearray()
        self._writable = asyncio.Event()
        self._writable.set()
        self._task: asyncio.Task[None] | None = None
        self._record: Recorded | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connections.discard(self)
        if self._task is not None and self._record is not None:
            self._record.left = time.monotonic()
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._received[:1].isalpha():  # a TLS greeting, say
            self.send_json(HTTPStatus.BAD_REQUEST, {"error": {"message": "this is not HTTP"}})
            self.transport.close()
        elif self._task is None:
            self._start_next()

    def _start_next(self) -> None:
        head, found, rest = bytes(self._received).partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        del self._received[: len(head) + 4 + length]
        body = json.loads(rest[:length]) if length else None
        self._record = Recorded(method, path, headers, body, time.monotonic())
        self.server.requests.append(self._record)
        self._task = asyncio.get_running_loop().create_task(self._answer(self._record))
        self.server.tasks.add(self._task)
        self._task.add_done_callback(self.server.tasks.discard)

    async def _answer(self, record: Recorded) -> None:
        try:
            await self.server.handler(record.method, record.path)(self, record)
        except (ValueError, TypeError, KeyError) as error:
            self.send_json(HTTPStatus.BAD_REQUEST, {"error": {"message": repr(error)}})
        record.ended = time.monotonic()
        self._task = None
        if not self.transport.is_closing():
            self._start_next()

    def send_json(self, status: int, body: Any, *headers: str) -> None:
        """Send a whole JSON answer."""
        self.send_whole(status, "application/json", json.dumps(body).encode(), *headers)

    def send_whole(self, status: int, content_type: str, body: bytes, *headers: str) -> None:
        """Send a whole answer."""
        length = f"Content-Length: {len(body)}"
        self.transport.write(
            _head(status, f"Content-Type: {content_type}", length, *headers) + body
        )

    def begin_stream(self, framing: str) -> None:
        """Send the headers of an event stream, chunked or ended by the end of the connection."""
        self.framing = framing
        more = "Transfer-Encoding: chunked" if framing == "chunked" else "Connection: close"
        self.transport.write(_head(200, "Content-Type: text/event-stream; charset=utf-8", more))

    def framed(self, body: bytes) -> bytes:
        """Return `body` as it travels in a stream."""
        return b"%x\r\n%s\r\n" % (len(body), body) if self.framing == "chunked" else body

    async def send(self, body: bytes) -> None:
        """Send a piece of a stream, waiting while the client does not read."""
        self.transport.write(self.framed(body))
        if not self._writable.is_set():
            await self._writable.wait()

    def end_stream(self) -> None:
        """Say that the body is complete."""
        if self.framing == "chunked":
            self.transport.write(b"0\r\n\r\n")
        else:
            self.transport.close()


def _head(status: int, *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *headers, "", "")
    return "\r\n".join(lines).encode()


Handler = Callable[[Connection, Recorded], Awaitable[None]]
