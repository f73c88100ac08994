"""A local HTTP server that speaks like OpenAI or Anthropic and fails as a `Script` says.

In a test: `async with AIServer() as server: server.script = Script(fault="status_429")`,
from sync code `with ai_server_in_thread() as server`, and as a process
`python -m tests.fakes.ai_server --port 9000`. A request chooses its script by its model
name (`script?tokens=50&delay=0.02`), else the next of `server.queue` is used, else
`server.script`; from outside, `POST /script` sets the latter two and `GET /requests` shows
what arrived. With `tls=True` it shows a certificate nobody should trust. A new API gets
a line in `ROUTES`.
"""

import argparse
import asyncio
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Self

from tests.fakes.ai_anthropic import ANTHROPIC
from tests.fakes.ai_connection import Connection, Handler, Recorded
from tests.fakes.ai_playback import refused, stream
from tests.fakes.ai_script import OPENAI, Dialect, Script
from tests.fakes.certificate import self_signed_context
from tests.fakes.settling import settled, stop_listening


class AIServer:
    """The server; `url` is what `AI_BASE_URL` takes, `open_connections` counts its clients."""

    def __init__(self, script: Script | None = None, *, tls: bool = False) -> None:
        self.script = script or Script()
        self.tls = self_signed_context() if tls else None
        self.queue: deque[Script] = deque()
        self.requests: list[Recorded] = []
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/v1"

    @property
    def open_connections(self) -> int:
        return len(self.connections)

    async def start(self, port: int = 0) -> None:
        """Listen on `port`, or on a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), "127.0.0.1", port, backlog=1024, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and drop every client."""
        await stop_listening(self._server)
        for connection in tuple(self.connections):
            connection.transport.abort()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self._server.wait_closed()
        await settled()

    def handler(self, method: str, path: str) -> Handler:
        """Return what answers a path."""
        return ROUTES.get((method, path), not_found)

    def next_script(self, model: str) -> Script:
        """Return the script of the next request."""
        return Script.from_model(model) or (self.queue.popleft() if self.queue else self.script)


async def _answer(connection: Connection, record: Recorded, dialect: Dialect) -> None:
    script = _server(connection).next_script(record.body["model"])
    if await refused(connection, record, script, dialect):
        return
    if script.first_delay:
        await asyncio.sleep(script.first_delay)
    if script.whole or not record.body.get("stream"):
        connection.send_json(200, dialect.document(script))
        return
    await stream(connection, record, script, dialect)


async def models(connection: Connection, record: Recorded) -> None:
    """GET /v1/models."""
    connection.send_json(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})


async def set_script(connection: Connection, record: Recorded) -> None:
    """POST /script with `{"script": {…}}` and/or `{"queue": [{…}, …]}`."""
    server = _server(connection)
    if "script" in record.body:
        server.script = Script.from_dict(record.body["script"])
    server.queue.extend(Script.from_dict(each) for each in record.body.get("queue", ()))
    connection.send_json(200, {"script": asdict(server.script), "queued": len(server.queue)})


async def shown_requests(connection: Connection, record: Recorded) -> None:
    """GET /requests: what arrived, and how many other clients are connected now."""
    server = _server(connection)
    connection.send_json(
        200,
        {
            "open_connections": server.open_connections - 1,
            "now": time.monotonic(),
            "requests": [asdict(each) for each in server.requests if each is not record],
        },
    )


async def not_found(connection: Connection, record: Recorded) -> None:
    """Any other path."""
    connection.send_json(404, {"error": {"message": "no such path"}})


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", "/v1/chat/completions"): partial(_answer, dialect=OPENAI),
    ("POST", "/v1/messages"): partial(_answer, dialect=ANTHROPIC),
    ("GET", "/v1/models"): models,
    ("POST", "/script"): set_script,
    ("GET", "/requests"): shown_requests,
}


def _server(connection: Connection) -> AIServer:
    assert isinstance(connection.server, AIServer)
    return connection.server


@contextmanager
def ai_server_in_thread(script: Script | None = None) -> Iterator[AIServer]:
    """Run a server on a loop of its own, for sync tests and for tests that start processes."""
    server, ready, loop = AIServer(script), threading.Event(), asyncio.new_event_loop()
    stopping = asyncio.Event()

    async def serve() -> None:
        async with server:
            ready.set()
            await stopping.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="ai-server")
    thread.start()
    ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)
        loop.close()


async def _main(port: int) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = AIServer()
    await server.start(port)
    sys.stdout.write(f"AI server is ready at {server.url}\n")
    sys.stdout.flush()
    await stopping.wait()
    await server.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(_main(parser.parse_args().port))
