"""daphne, with an orderly end: on SIGTERM it refuses new connections and drains the open ones."""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

from daphne.http_protocol import WebRequest
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from twisted.internet import reactor as twisted_reactor
from twisted.internet.interfaces import IListeningPort

from eduhu.body_cap import cap_body
from eduhu.farewell import say_restart, say_too_slow
from eduhu.lean_http import make_lean
from eduhu.prompt_writes import PromptTransport, at_once
from eduhu.slow_readers import CHECK_SECONDS, FAREWELL_SECONDS, SlowReaders, has_enough

logger = logging.getLogger(__name__)

reactor: Any = twisted_reactor  # a module that stands for an object; Twisted's own trick
THREADS = 16
ROOM_SECONDS = 0.05  # how often a stream looks whether its client has taken something
STOP_SECONDS = 6

Hook = Callable[[], Awaitable[None]]


class DrainingServer(Server):
    """Runs `on_start` once the loop runs, `on_drain` at a signal, and `on_stop` at the end."""

    def __init__(
        self,
        *,
        on_start: Hook,
        on_drain: Hook,
        on_stop: Hook,
        drain_seconds: float,
        **options: Any,
    ) -> None:
        options |= {"signal_handlers": False, "websocket_handshake_timeout": 20}
        super().__init__(**options)
        make_lean()
        self._on_start = on_start
        self._on_drain = on_drain
        self._on_stop = on_stop
        self._slow_readers = SlowReaders(tell=self._tell_slow_reader)
        self._drain_seconds = drain_seconds
        self._ports: list[IListeningPort] = []
        self._draining: asyncio.Task[None] | None = None
        self.failed = False

    def run(self) -> None:
        """Serve until a signal."""
        reactor.callWhenRunning(self._begin)
        super().run()

    def _begin(self) -> None:
        self.ws_factory.setProtocolOptions(closeHandshakeTimeout=FAREWELL_SECONDS)
        loop = asyncio.get_event_loop()
        loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="eduhu"))
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._on_signal)
        self._starting = asyncio.ensure_future(self._start())
        self._drop_slow_readers()

    def _drop_slow_readers(self) -> None:
        # Not daphne's connections: it forgets a request that is answered, read or not.
        self._slow_readers.drop(reactor.getWriters())
        reactor.callLater(CHECK_SECONDS, self._drop_slow_readers)

    def _tell_slow_reader(self, transport: Any) -> None:
        for connection in list(self.connections):
            if connection.transport is transport and self._is_open(connection):
                say_too_slow(connection)

    async def _start(self) -> None:
        try:
            await self._on_start()
        except Exception:
            # A web process without its loops would take questions and answer none.
            logger.exception("the server's loops do not start")
            self.failed = True
            reactor.stop()

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        """Hand a message to a client; return when it is time for the next one."""
        if isinstance(protocol, WebSocketProtocol) and protocol.state == protocol.STATE_CLOSING:
            return  # its application has not heard of it yet
        with at_once(protocol.transport) if _goes_on(message) else nullcontext():
            await super().handle_reply(protocol, message)
        while self._is_open(protocol) and has_enough(protocol):  # noqa: ASYNC110 (no event tells)
            await asyncio.sleep(ROOM_SECONDS)

    def _is_open(self, protocol: Any) -> bool:
        return "disconnected" not in self.connections.get(protocol, {"disconnected": True})

    def protocol_connected(self, protocol: Any) -> None:
        """Take a connection; the body of a request is capped from its first byte."""
        super().protocol_connected(protocol)
        if isinstance(protocol, WebRequest):
            cap_body(protocol, settings.MAX_BODY_BYTES)

    def listen_success(self, port: IListeningPort) -> None:
        """Remember the port, to close it first, and let its streams write at once."""
        self._ports.append(port)
        port.transport = PromptTransport
        super().listen_success(port)

    def listen_error(self, failure: Any) -> None:
        """End the process when the port cannot be had."""
        self.failed = True
        super().listen_error(failure)

    def _on_signal(self) -> None:
        if self._draining is not None:  # a second signal: now
            reactor.stop()
            return
        for port in self._ports:
            port.stopListening()  # type: ignore[misc]  # an interface has no self
        for connection in list(self.connections):
            if isinstance(connection, WebSocketProtocol):
                say_restart(connection)
        self._draining = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        try:
            await self._on_drain()
            await self._wait_for_requests(self._drain_seconds)
            await asyncio.wait_for(self._on_stop(), STOP_SECONDS)
            await self._wait_for_requests(2)
        finally:
            reactor.stop()

    async def _wait_for_requests(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._is_busy():  # noqa: ASYNC110 (daphne has no event)
            await asyncio.sleep(0.05)

    def _is_busy(self) -> bool:
        tasks = [details.get("application_instance") for details in self.connections.values()]
        return any(task is not None and not task.done() for task in tasks)


def _goes_on(message: Any) -> bool:
    """Whether a message is a frame of a stream or a socket, after which others may come."""
    return bool(message.get("more_body")) or message["type"] == "websocket.send"
