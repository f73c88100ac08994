"""A TCP proxy that stands before any service and fails on demand.

In a test: `async with FaultProxy("127.0.0.1", 6379) as proxy: proxy.faults = Faults(then="hang")`,
and from sync code `with fault_proxy_in_thread(host, port) as proxy`, where `proxy.faults` may be
set from any thread. Faults hold for connections that are open and for those to come, until
others are set; `Faults()` lets everything through again, also what hung.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Self

from tests.fakes.settling import settled, stop_listening

_PIECE = 64 * 1024
_SLICES_PER_SECOND = 20

Ending = Literal["cut", "reset", "hang", "half_close"]
Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong from now on.

    `latency` (seconds) and `bytes_per_second` hold in both directions. After `after`
    bytes from the service to the client, counted for each connection from the moment
    this was set, comes `then`: the connection is closed (`cut`) or reset; or the client's
    words still pass, but it hears nothing (`hang`), or that nothing follows
    (`half_close`). `refuse` resets whoever connects.
    """

    latency: float = 0.0
    bytes_per_second: float | None = None
    after: int = 0
    then: Ending | None = None
    refuse: bool = False


class FaultProxy:
    """The proxy of one service; `port` is where it listens, `connections` counts its clients.

    `accepted` counts all who ever connected.
    """

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.port = 0
        self.accepted = 0
        self._faults = Faults()
        self._changed = asyncio.Event()
        self._links: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await stop_listening(self._server)
        for link in tuple(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        await self._server.wait_closed()
        await settled()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        return len(self._links)

    @property
    def faults(self) -> Faults:
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = faults
        self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self, faults: Faults) -> None:
        """Wait while `faults` are the ones that hold."""
        while self._faults is faults:
            await self._changed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        self.accepted += 1
        try:
            await self._link(reader, writer)
        except OSError:  # a side was reset, or the service is not there
            writer.close()
        except asyncio.CancelledError:  # the proxy stops; asyncio would log this as an error
            writer.transport.abort()
        finally:
            self._links.discard(task)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._faults.refuse:
            _reset(writer)
            return
        far_reader, far_writer = await asyncio.open_connection(*self.target)
        up = asyncio.ensure_future(_Pump(self, reader, far_writer, to_client=False).run())
        down = asyncio.ensure_future(_Pump(self, far_reader, writer, to_client=True).run())
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            # A client that has said all may still wait, but not for what is held back.
            if down.done() or self._faults.then is None:
                await asyncio.gather(up, down)
        except asyncio.CancelledError:
            for each in (writer, far_writer):
                each.transport.abort()
            raise
        finally:
            for pump in (up, down):
                pump.cancel()
            for each in (writer, far_writer):
                each.close()
            await asyncio.gather(up, down, return_exceptions=True)


class _Broken(OSError):
    """The connection is over, for both sides."""


class _Pump:
    """Carries bytes in one direction."""

    def __init__(
        self,
        proxy: FaultProxy,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        to_client: bool,
    ) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._to_client = to_client
        self._since = proxy.faults
        self._carried = 0

    async def run(self) -> None:
        """Carry until the sender says that nothing follows, and pass that on."""
        while data := await self._reader.read(_PIECE):
            while data:
                data = await self._carry(data)
        self._writer.write_eof()

    async def _carry(self, data: bytes) -> bytes:
        """Carry the part of `data` that may pass now, and return the rest."""
        faults = self._proxy.faults
        if faults is not self._since:
            self._since, self._carried = faults, 0
        room = len(data)
        if faults.then is not None and self._to_client:
            room = faults.after - self._carried
            if room <= 0:
                return await self._fail(faults, data)
        part = data[: min(room, self._slice(faults))]
        await self._send(part, faults)
        return data[len(part) :]

    @staticmethod
    def _slice(faults: Faults) -> int:
        rate = faults.bytes_per_second
        return _PIECE if rate is None else max(1, int(rate / _SLICES_PER_SECOND))

    async def _send(self, part: bytes, faults: Faults) -> None:
        pause = faults.latency + len(part) / (faults.bytes_per_second or float("inf"))
        if pause:
            await asyncio.sleep(pause)
        self._writer.write(part)
        await self._writer.drain()
        self._carried += len(part)

    async def _fail(self, faults: Faults, data: bytes) -> bytes:
        if faults.then == "half_close":
            self._writer.write_eof()
            await asyncio.Event().wait()
        if faults.then == "hang":
            await self._proxy.changed(faults)
            return data
        if faults.then == "reset":
            _reset(self._writer)
        raise _Broken


def _reset(writer: asyncio.StreamWriter) -> None:
    peer = writer.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.contextmanager
def fault_proxy_in_thread(host: str, port: int) -> Iterator[FaultProxy]:
    """Run a proxy on a loop of its own, for sync tests and for tests that start processes."""
    proxy, ready, loop = FaultProxy(host, port), threading.Event(), asyncio.new_event_loop()
    stopping = asyncio.Event()

    async def serve() -> None:
        async with proxy:
            ready.set()
            await stopping.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="fault-proxy")
    thread.start()
    ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)
        loop.close()
