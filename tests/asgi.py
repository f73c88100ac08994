"""The whole ASGI application in process, driven as a server drives it."""

import contextlib
import json
from dataclasses import dataclass
from typing import Any

from asgiref.testing import ApplicationCommunicator

from chats.replies import engine
from eduhu.asgi import application
from tests.client import validate_answer

SECONDS = 20


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def frames(self) -> list[dict[str, Any]]:
        """The data of an event stream."""
        lines = self.body.decode().splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


async def ask(method, path, data=None, *, token=None, headers=None) -> Answer:
    """Send one request (bytes as they are, else JSON) and read the answer to its end."""
    body = data if isinstance(data, bytes) else b"" if data is None else json.dumps(data).encode()
    sent = {"host": "localhost", "content-type": "application/json", **(headers or {})}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    communicator = ApplicationCommunicator(application, _scope(method, path, sent))
    await communicator.send_input({"type": "http.request", "body": body, "more_body": False})
    start = await communicator.receive_output(SECONDS)
    pieces = []
    while True:
        message = await communicator.receive_output(SECONDS)
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    await communicator.wait(SECONDS)
    names = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
    answer = Answer(start["status"], names, b"".join(pieces))
    _validate(method, path, answer)
    return answer


def _scope(method, path, headers):
    path, _, query = path.partition("?")
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 40000),
        "server": ("localhost", 80),
    }


def _validate(method, path, answer):
    path, content_type = path.partition("?")[0], answer.headers.get("content-type", "")
    is_api = path.startswith("/api/") and method != "OPTIONS" and answer.status != 405
    if is_api and "json" in content_type:
        validate_answer(method, path, answer.status, content_type, answer.body)


@contextlib.asynccontextmanager
async def reply_engine():
    """The reply loop of the web process, for the length of the block."""
    started = engine.start(has_worker=True)
    try:
        yield started
    finally:
        await engine.stop()
