"""A local stand-in for InstantDB over real HTTP and sockets, which fails as a test says.

    with instant_server() as server:
        server.script(Fault("lose answer"), Fault("status", status=500))
        server.fault = Fault("status", status=429)   # until it is None again

`server.log` is every request in order, `server.store` what was stored. `stop()` and
`start()` take it away and bring it back on the same port, with all rows.
"""

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from tests.fakes.instant_app import APP_ID, TOKEN, App, NoRoute
from tests.fakes.instant_fault import Fault
from tests.fakes.instant_live import Live
from tests.fakes.instant_values import Refusal

__all__ = ["APP_ID", "TOKEN", "Fault", "InstantServer", "Recorded", "instant_server"]

SUBSCRIBE = "/admin/subscribe-query"
LONGEST_BODY = 64 * 1024 * 1024
DRIPPED = """HTTP/1.1 200 OK\r
content-type: application/json\r
content-length: 80\r
\r
{"tx-id": 1, "chats": [], "schema": {}, "perms": {}                            }"""
NOWHERE = {"message": "Oops! We couldn't match this route."}


@dataclass(frozen=True)
class Recorded:
    """A request as it came, and the status of its answer (0: none)."""

    path: str
    body: Any
    status: int
    at: float


class InstantServer(App):
    """One app; `url` is what `INSTANT_API_URI` takes."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: Fault | None = None
        self.log: list[Recorded] = []
        self.port = 0
        self.in_flight = self.most_in_flight = 0
        self.live = Live(self)
        self._script: deque[Fault] = deque()
        self._runner: web.AppRunner | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def transactions(self) -> list[Recorded]:
        """The calls of `/admin/transact`, in order."""
        return [each for each in self.log if each.path == "/admin/transact"]

    def script(self, *faults: Fault) -> None:
        """Let the next transactions fail, one each."""
        self._script.extend(faults)

    def start(self) -> None:
        """Listen; on the port of before, if there was one."""
        self._run(self._listen())

    def stop(self) -> None:
        """Close all connections and refuse new ones; rows and log stay."""
        if self._runner is not None:
            self._run(self._runner.cleanup())
            self._runner = None

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._run(_end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        application = web.Application(client_max_size=LONGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=50, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/runtime/session":
            return await self.live.connect(request)
        is_post = request.method == "POST"
        body = json.loads(await request.read() or b"null") if is_post else dict(request.query)
        fault = self._fault_for(request.path)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._respond(request, body, fault)
        finally:
            self.in_flight -= 1

    def _fault_for(self, path: str) -> Fault | None:
        if path == "/admin/transact" and self._script:
            return self._script.popleft()
        return self.fault

    async def _respond(
        self, request: web.Request, body: Any, fault: Fault | None
    ) -> web.StreamResponse:
        def record(status: int) -> None:
            """Before the answer, so that whoever has it finds the request in the log."""
            self.log.append(Recorded(request.path, body, status, time.monotonic()))

        kind = fault.kind if fault else ""
        if fault and kind == "status":
            record(fault.status)
            return web.json_response(fault.body, status=fault.status)
        if fault and kind == "page":
            record(fault.status)
            return web.Response(text=fault.text, status=fault.status)
        if kind in ("cut", "late"):
            record(0)
            _hang_up(request)
        if fault and kind in ("late", "slow"):
            await asyncio.sleep(fault.seconds)
        if kind == "cut":
            return web.Response()
        if fault and kind == "drip":
            record(200)
            await _drip(request, fault)
            return web.Response()
        if request.path == SUBSCRIBE:
            return await self._subscribe(request, body, record)
        status, answer = await self._applied(request, body)
        if kind == "lose answer":
            record(0)
            _hang_up(request)
        elif kind != "late":
            record(status)
        text = "<html>" if kind == "no json" else json.dumps(answer)
        return web.Response(text=text, status=status, content_type="application/json")

    async def _subscribe(
        self, request: web.Request, body: Any, record: Callable[[int], None]
    ) -> web.StreamResponse:
        try:
            return await self.live.subscribe(request, body, partial(record, 200))
        except Refusal as refusal:
            record(400)
            return web.json_response(refusal.body, status=400)

    async def _applied(self, request: web.Request, body: Any) -> tuple[int, Any]:
        before = self.store.transaction
        try:
            answer = self.answer(request.method, request.path, request.headers, body)
        except Refusal as refusal:
            return 400, refusal.body
        except NoRoute:
            return 404, NOWHERE
        if self.store.transaction != before:
            await self.live.refresh()
        return 200, answer


async def _end_tasks() -> None:
    """End what still serves clients that are gone."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _drip(request: web.Request, fault: Fault) -> None:
    whole = DRIPPED.encode()
    at_once = whole.index(fault.text.encode()) + len(fault.text)
    for piece in (whole[:at_once], *(bytes([byte]) for byte in whole[at_once:])):
        if request.transport is None or request.transport.is_closing():
            return
        request.transport.write(piece)  # type: ignore[attr-defined]  # of a socket
        await asyncio.sleep(fault.seconds)
    _hang_up(request)


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


@contextmanager
def instant_server() -> Iterator[InstantServer]:
    """A server that runs for the length of the block."""
    server = InstantServer()
    server.start()
    try:
        yield server
    finally:
        server.close()
