"""What streaming costs at the least: a relay that stores nothing and knows nobody.

Starlette on uvicorn: it reads the same upstream with aiohttp, parses each event, and
sends one event of its own for each token. `python -m benchmarks.relay --port 9000
--upstream http://127.0.0.1:9001/v1`.
"""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        app.state.session = session
        yield


async def chat(request: Request) -> StreamingResponse:
    """`POST /api/chat`, as far as a load client can tell."""
    asked = orjson.loads(await request.body())
    messages = [{"role": "user", "content": asked["content"]}]
    body = {"model": asked["model"], "messages": messages, "stream": True}
    return StreamingResponse(_frames(request.app, body), media_type="text/event-stream")


async def _frames(app: Starlette, body: dict[str, object]) -> AsyncIterator[bytes]:
    async with app.state.session.post(app.state.upstream, json=body) as response:
        rest = b""
        async for chunk in response.content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if token := _token(line):
                    frame = orjson.dumps({"type": "content", "content": token})
                    yield b"data: " + frame + b"\n\n"
    yield b'data: {"type":"done","finish_reason":"stop"}\n\n'


def _token(line: bytes) -> str:
    if not line.startswith(b"data: ") or line == b"data: [DONE]":
        return ""
    choices = orjson.loads(line[6:])["choices"]
    return str(choices[0]["delta"].get("content") or "") if choices else ""


async def _live(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    options = parser.parse_args()
    routes = [Route("/api/chat", chat, methods=["POST"]), Route("/health/live", _live)]
    app = Starlette(routes=routes, lifespan=_lifespan)
    app.state.upstream = f"{options.upstream}/chat/completions"
    uvicorn.run(
        app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False,
        backlog=2048, loop="asyncio", http="h11",  # whatever else is installed
    )  # fmt: skip


if __name__ == "__main__":
    main()
