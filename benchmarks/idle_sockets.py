"""Thousands of WebSockets in one process, as cheap as Python can hold them."""

import asyncio
import base64
import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
AT_ONCE = 50  # handshakes


@dataclass(eq=False)
class IdleSocket(asyncio.Protocol):
    """A socket on `ws/events` that answers pings, and keeps when each frame came."""

    url: str
    token: str
    ready: "asyncio.Future[None]"
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    is_open: bool = False
    ending: str = ""
    _buffer: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the socket."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        lines = (
            "GET /ws/events HTTP/1.1",
            f"Host: {urlsplit(self.url).netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: bearer, {self.token}",
        )
        transport.write("\r\n".join((*lines, "", "")).encode())

    def data_received(self, data: bytes) -> None:
        """Take the handshake, then frames."""
        self._buffer += data
        if not self.is_open:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                self._end(head.decode(errors="replace"))
                return
            self.is_open, self._buffer = True, rest
        for opcode, payload in self._whole_frames():
            self._take(opcode, payload)

    def _whole_frames(self) -> Iterator[tuple[int, bytes]]:
        """Yield frames of a server: never masked, and here never in fragments."""
        while len(self._buffer) >= 2:
            opcode, length, start = self._buffer[0] & 0x0F, self._buffer[1], 2
            if length == 126:
                start = 4
                length = struct.unpack("!H", self._buffer[2:4].rjust(2, b"\xff"))[0]
            if len(self._buffer) < start + length:
                return
            payload = self._buffer[start : start + length]
            self._buffer = self._buffer[start + length :]
            yield opcode, payload

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            # A client must mask; a mask of zeros leaves the payload as it is.
            self.transport.write(bytes((0x80 | PONG, 0x80 | len(payload))) + bytes(4) + payload)
        elif opcode == TEXT:
            self.frames.append((time.monotonic(), payload))
            if not self.ready.done():
                self.ready.set_result(None)
        elif opcode == CLOSE:
            self._end(f"closed with {int.from_bytes(payload[:2], 'big')}")

    def _end(self, why: str) -> None:
        self.is_open, self.ending = False, self.ending or why
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(why))

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that it is gone."""
        self._end(repr(exc))


async def open_sockets(url: str, tokens: list[str], count: int) -> list[IdleSocket]:
    """Open `count` sockets, and return them when each has heard `ready`."""
    gate = asyncio.Semaphore(AT_ONCE)
    where = urlsplit(url)

    async def open_one(number: int) -> IdleSocket:
        async with gate:
            loop = asyncio.get_running_loop()
            socket = IdleSocket(url, tokens[number % len(tokens)], loop.create_future())
            # Each address of 127/8 has its own ports.
            local = (f"127.0.0.{2 + number // 20_000}", 0)
            await loop.create_connection(
                lambda: socket, where.hostname, where.port, local_addr=local
            )
            await socket.ready
            return socket

    return list(await asyncio.gather(*(open_one(number) for number in range(count))))
