"""Live queries of a stand-in for InstantDB: over server-sent events, and over the browser's socket.

A session is told the whole answer of each of its queries at first and whenever it changed.
"""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.instant_answer import as_tree, page_info
from tests.fakes.instant_app import APP_ID, App, Reader
from tests.fakes.instant_triples import as_steps, attributes, joined
from tests.fakes.instant_values import Refusal, invalid, not_found

Message = dict[str, Any]
COMMENT_SECONDS = 15.0
SSE_IDS = ("machine-id", "session-id", "sse-token")


@dataclass(eq=False)
class Session:
    """One client that listens. `reader` is who it was when it began, whatever happens later."""

    app: App
    send: Callable[[Message], Awaitable[None]]
    is_socket: bool
    reader: Reader | None = None
    answers: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # query as text → answer

    def answer(self, query: Any) -> tuple[Any, Any]:
        """Return result and what is known about it, as this kind of client reads them."""
        assert self.reader is not None
        nodes = self.app.read(self.reader, query)
        if self.is_socket:
            return joined(self.app.store, nodes), None
        meta = {"page-info": page_info(nodes), "aggregate": {}}
        return as_tree(self.app.store, nodes), meta

    async def add(self, query: Any, event_id: Any) -> None:
        """Follow a query."""
        result, meta = self.answers[json.dumps(query)] = self.answer(query)
        await self.send(
            {
                "op": "add-query-ok", "q": query, "result": result, "result-meta": meta,
                "processed-tx-id": self.app.store.transaction, "processed-isn": None,
                "client-event-id": event_id,
            }
        )  # fmt: skip

    async def refresh(self) -> None:
        """Tell the answers that changed."""
        computations = []
        for text, before in self.answers.items():
            query = json.loads(text)
            answer = self.answers[text] = self.answer(query)
            if answer != before:
                computations.append(
                    {
                        "instaql-query": query, "instaql-result": answer[0],
                        "result-meta": answer[1], "result-changed?": True,
                    }
                )  # fmt: skip
        if computations:
            await self.send(
                {
                    "op": "refresh-ok", "processed-tx-id": self.app.store.transaction,
                    "processed-isn": None, "computations": computations,
                    "attrs": attributes(self.app.store),
                }
            )  # fmt: skip


class Live:
    """All sessions of an app."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._sessions: set[Session] = set()

    async def refresh(self) -> None:
        """Let every session hear what changed."""
        for session in list(self._sessions):
            with suppress(ConnectionError):  # it went away; its own task notices
                await session.refresh()

    async def subscribe(
        self, request: web.Request, body: Any, accepted: Callable[[], None]
    ) -> web.StreamResponse:
        """Answer `/admin/subscribe-query` until the client goes. Raises Refusal before `accepted`."""
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})

        async def send(message: Message) -> None:
            await response.write(f"data:{json.dumps(message)}\n\n".encode())

        session = Session(
            self._app, send, is_socket=False, reader=self._app.reader(request.headers)
        )
        session.answer(body["query"])
        accepted()
        await response.prepare(request)
        await response.write(b"retry:500\n\n")
        await send({"op": "sse-init", **{name: str(uuid.uuid4()) for name in SSE_IDS}})
        await session.add(body["query"], str(uuid.uuid4()))
        self._sessions.add(session)
        try:
            while True:
                await asyncio.sleep(COMMENT_SECONDS)
                await response.write(b":\n\n")
        except ConnectionError:
            return response
        finally:
            self._sessions.discard(session)

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Serve a browser's socket until it closes."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        session = Session(self._app, socket.send_json, is_socket=True)
        self._sessions.add(session)
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    await self._receive(session, json.loads(message.data))
        finally:
            self._sessions.discard(session)
        return socket

    async def _receive(self, session: Session, event: Message) -> None:
        event_id = event.get("client-event-id")
        try:
            await self._act(session, event, event_id)
        except Refusal as refusal:
            told = {name: refusal.body[name] for name in ("type", "message", "hint")}
            await session.send(
                {"op": "error", "status": 400, "client-event-id": event_id,
                 "original-event": event, **told}
            )  # fmt: skip

    async def _act(self, session: Session, event: Message, event_id: Any) -> None:
        op = event.get("op")
        if op == "init":
            await session.send({**self._init(session, event), "client-event-id": event_id})
        elif session.reader is None:
            raise invalid("init", event, "`init` has not run for this session.")
        elif op == "add-query":
            await session.add(event["q"], event_id)
        elif op == "remove-query":
            session.answers.pop(json.dumps(event["q"]), None)
            await session.send(
                {"op": "remove-query-ok", "q": event["q"], "client-event-id": event_id}
            )
        elif op == "transact":
            steps = as_steps(self._app.store, event["tx-steps"])
            number = self._app.write(session.reader, steps)
            await session.send(
                {"op": "transact-ok", "tx-id": number, "isn": None, "client-event-id": event_id}
            )
            await self.refresh()
        else:
            raise Refusal("param-malformed", "Invalid op", {"op": op})

    def _init(self, session: Session, event: Message) -> Message:
        if event.get("app-id") != APP_ID:
            raise not_found("app", {"id": event.get("app-id")})
        token = event.get("refresh-token")
        session.reader = Reader(user=self._app.people.of_token(token) if token else None)
        return {
            "op": "init-ok",
            "session-id": str(uuid.uuid4()),
            "auth": {"app": {"id": APP_ID}, "user": session.reader.user, "admin?": False},
            "attrs": attributes(self._app.store),
            "app-status": {"status": self._app.status or "active"},
        }
