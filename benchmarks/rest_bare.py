"""What REST costs at the least: Starlette, psycopg and orjson, with the SQL that eduhu runs.

It looks up the token and reads a page, in the two or three statements of a cold answer of
eduhu. It has no cache, no rules and no errors. `python -m benchmarks.rest_bare --port 9000
--database postgres://…`.
"""

import argparse
import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import uvicorn
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from eduhu.db import epoch_ms, new_id

Row = dict[str, Any]

TOKEN = """
SELECT t.id FROM knox_authtoken k JOIN teachers t ON t.id = k.user_id
WHERE k.digest = %s AND t.is_active AND (k.expiry IS NULL OR k.expiry > now())
"""
CHATS = """
SELECT id, title, created_at, updated_at, teacher_id, topic_category, message_count, is_archived
FROM chats WHERE teacher_id = %s AND is_archived = false
ORDER BY updated_at DESC, id DESC LIMIT %s
"""
IS_MINE = "SELECT 1 FROM chats WHERE teacher_id = %s AND id = %s LIMIT 1"
MESSAGES = """
SELECT id, chat_id, content, role, "timestamp", content_type, token_count, token_count_estimated,
    response_time_ms, educational_topics
FROM messages WHERE chat_id = %s ORDER BY "timestamp" DESC, id DESC LIMIT %s
"""
CREATE = """
INSERT INTO chats (id, title, created_at, updated_at, teacher_id, message_count, is_archived)
VALUES (%s, %s, now(), now(), %s, 0, false)
RETURNING id, title, created_at, updated_at, teacher_id, topic_category, message_count, is_archived
"""


async def _teacher(connection: AsyncConnection[Row], request: Request) -> uuid.UUID:
    token = request.headers["authorization"].partition(" ")[2]
    digest = hashlib.sha512(token.encode()).hexdigest()
    found = await (await connection.execute(TOKEN, [digest])).fetchone()
    assert found is not None
    return uuid.UUID(str(found["id"]))


def _json(rows: list[Row], *times: str) -> Response:
    for row in rows:
        for name in times:
            row[name] = epoch_ms(row[name])
    body = orjson.dumps({"results": rows, "next": None})
    return Response(body, media_type="application/json")


async def chats(request: Request) -> Response:
    """`GET /api/chats`."""
    limit = int(request.query_params.get("limit", "50"))
    async with request.app.state.pool.connection() as connection:
        teacher = await _teacher(connection, request)
        rows = await (await connection.execute(CHATS, [teacher, limit + 1])).fetchall()
    return _json(rows[:limit], "created_at", "updated_at")


async def messages(request: Request) -> Response:
    """`GET /api/chats/{chat_id}/messages`."""
    limit, chat = int(request.query_params.get("limit", "100")), request.path_params["chat_id"]
    async with request.app.state.pool.connection() as connection:
        teacher = await _teacher(connection, request)
        if await (await connection.execute(IS_MINE, [teacher, chat])).fetchone() is None:
            return Response(status_code=404)
        rows = await (await connection.execute(MESSAGES, [chat, limit + 1])).fetchall()
    return _json(rows[:limit][::-1], "timestamp")


async def create(request: Request) -> Response:
    """`POST /api/chats`."""
    title = orjson.loads(await request.body())["title"]
    async with request.app.state.pool.connection() as connection:
        teacher = await _teacher(connection, request)
        rows = await (await connection.execute(CREATE, [new_id(), title, teacher])).fetchall()
    return _json(rows, "created_at", "updated_at")


async def _live(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    options = {"autocommit": True, "row_factory": dict_row}
    async with AsyncConnectionPool(
        app.state.database, min_size=2, max_size=10, open=False, kwargs=options
    ) as pool:
        app.state.pool = pool
        yield


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True)
    options = parser.parse_args()
    routes = [
        Route("/api/chats", chats, methods=["GET"]),
        Route("/api/chats", create, methods=["POST"]),
        Route("/api/chats/{chat_id}/messages", messages),
        Route("/health/live", _live),
    ]
    app = Starlette(routes=routes, lifespan=_lifespan)
    app.state.database = options.database
    uvicorn.run(
        app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False,
        backlog=2048,
    )  # fmt: skip


if __name__ == "__main__":
    main()
