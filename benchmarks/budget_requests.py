"""The requests that have a budget, sent straight to the ASGI application.

To be imported after `django.setup()`.
"""

import asyncio
import sqlite3
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import orjson
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from knox.models import AuthToken

from artifacts.models import Artifact
from benchmarks.budgets import Scenario
from chats.models import Chat, Message
from eduhu import named_queries
from eduhu.asgi import application
from eduhu.cache import invalidation, memory
from teachers import tokens
from teachers.models import Teacher

ROWS = 60  # a page of 50 and some more
_state: dict[str, Any] = {"statements": 0}


def make_rows() -> None:
    """Migrate, and give one teacher chats, messages and artifacts."""
    call_command("migrate", verbosity=0)
    invalidation.serve_here()
    teacher = Teacher.objects.create_user("teacher@eduhu.example", name="Anna Krüger")
    Chat.objects.bulk_create(
        Chat(teacher=teacher, title=f"Stunde {number:02}") for number in range(ROWS)
    )
    chat = Chat.objects.order_by("pk")[0]
    Message.objects.bulk_create(
        Message(chat=chat, content="Bruchrechnung " * 30, role="user") for _ in range(ROWS)
    )
    Artifact.objects.bulk_create(
        Artifact(teacher=teacher, chat=chat, title="Quiz", content="1." * 200,
                 artifact_type="activity")
        for _ in range(ROWS)
    )  # fmt: skip
    _state.update(teacher=teacher.pk, chat=chat.pk, token=AuthToken.objects.create(teacher)[1])
    _count_statements()


def _count_statements() -> None:
    note = named_queries.note

    def count(sql: Any, seconds: float) -> None:
        _state["statements"] += 1
        note(sql, seconds)

    named_queries.note = count  # type: ignore[assignment]  # the same, and counted


def statements() -> int:
    """Return how many statements were run so far."""
    return int(_state["statements"])


def forget() -> None:
    """Empty all caches: the next request is the first of its kind."""
    memory.forget_everything()
    cache.clear()
    tokens.forget_teacher(_state["teacher"])


def scenarios() -> dict[str, Scenario]:
    """Return the requests by name."""
    chat = f"/api/chats/{_state['chat']}"
    reads = {
        "list of 50 chats": "/api/chats?limit=50",
        "one chat": chat,
        "page of 50 messages": f"{chat}/messages?limit=50",
        "list of 50 artifacts": "/api/artifacts?limit=50",
        "preferences": "/api/preferences",
    }
    made = {}
    for name, path in reads.items():
        read = partial(_ask, "GET", path)
        made |= {f"{name}, cold": Scenario(read, is_cold=True), f"{name}, warm": Scenario(read)}
    made["create a chat"] = Scenario(_create)
    made["rename a chat"] = Scenario(partial(_ask, "PATCH", chat, {"title": "Neuer Titel"}))
    return made


async def _create() -> bytes:
    new = {"id": str(uuid.uuid4()), "title": "Neuer Chat"}
    return await _ask("POST", "/api/chats", new)


async def _ask(method: str, path: str, data: dict[str, str] | None = None) -> bytes:
    """Send one request, as the server does, and return the body. Raises ValueError for errors."""
    path, _, query = path.partition("?")
    body = orjson.dumps(data) if data else b""
    headers = {
        b"host": b"127.0.0.1",
        b"authorization": b"Bearer " + _state["token"].encode(),
        b"content-type": b"application/json",
        b"content-length": str(len(body)).encode(),
    }
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": list(headers.items()), "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 80),
    }  # fmt: skip
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await application(scope, receive, send)
    answer = b"".join(message.get("body", b"") for message in said)
    if said[0]["status"] >= 300:
        raise ValueError(f"{said[0]['status']}: {answer[:300]!r}")
    return answer


def bare() -> Callable[[], Awaitable[bytes]]:
    """Return the unit of CPU time: the list of chats from sqlite3 and orjson, in a thread."""
    file = connection.settings_dict["NAME"]
    names = "id title created_at updated_at teacher_id topic_category message_count is_archived"
    sql = (
        f"SELECT {names.replace(' ', ', ')} FROM chats WHERE teacher_id = ? AND NOT is_archived"
        " ORDER BY updated_at DESC, id DESC LIMIT 51"
    )
    database = sqlite3.connect(file, check_same_thread=False)

    def read() -> bytes:
        rows = database.execute(sql, [_state["teacher"].hex]).fetchall()
        return orjson.dumps([dict(zip(names.split(), row, strict=True)) for row in rows])

    async def answer() -> bytes:
        return await asyncio.to_thread(read)

    return answer
