"""A chat over a WebSocket: the same frames as SSE, plus `next`, the position after each.

The consumer hands over and forwards; it never generates. Bad frames are answered
with an error and the socket stays open.
"""

import asyncio
import logging
import uuid
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from chats import limits
from chats.actions import cancel_reply
from chats.models import Reply
from chats.queries import chat_detail, find_reply
from chats.replies.events import Ending, Frame, Piece, encode_json, meta_frame
from chats.requests import parse_id, parse_question
from chats.stream import parse_offset, refuse_beyond_end, reply_events
from eduhu import errors, jsonio
from eduhu.sockets import SUBPROTOCOL, UNKNOWN
from eduhu.telemetry import request_id
from eduhu.threads import in_thread
from teachers.models import Teacher

logger = logging.getLogger(__name__)


class ChatConsumer(AsyncWebsocketConsumer):
    """`ws/chats/{id}`: `send`, `cancel`, `resume` and `ping` from one device."""

    teacher: Teacher
    chat_id: uuid.UUID
    _readers: dict[uuid.UUID, "asyncio.Task[None]"]

    async def connect(self) -> None:
        """Open the socket for a chat of the teacher's own; any other is unknown."""
        self.teacher = self.scope["teacher"]
        self._readers = {}
        try:
            self.chat_id = uuid.UUID(self.scope["url_route"]["kwargs"]["chat_id"])
            await in_thread(chat_detail)(self.teacher, self.chat_id)
        except (ValueError, errors.NotFound):
            await self.close(code=UNKNOWN)
            return
        await self.accept(subprotocol=SUBPROTOCOL)

    async def disconnect(self, code: int) -> None:
        """Stop forwarding; the replies go on."""
        for reader in self._readers.values():
            reader.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer one frame."""
        try:
            frame = jsonio.loads_object(text_data if text_data is not None else bytes_data or b"")
            await self._dispatch(frame)
        except Exception as error:  # noqa: BLE001 (the edge: every bad frame gets an answer)
            await self._fail(errors.as_eduhu_error(error))

    async def _dispatch(self, frame: dict[str, Any]) -> None:
        match frame.get("type"):
            case "send":
                question = parse_question({**frame, "chat_id": str(self.chat_id)})
                self._follow(await in_thread(limits.ask)(self.teacher, question), 0)
            case "resume":
                reply = await self._reply(frame)
                offset = parse_offset(str(frame.get("offset", 0)))
                refuse_beyond_end(reply, offset)
                self._follow(reply, offset)
            case "cancel":
                reply = await self._reply(frame)
                await in_thread(cancel_reply)(teacher=self.teacher, reply_id=reply.pk)
            case "ping":
                await self._send({"type": "pong"})
            case _:
                raise errors.InvalidInput

    async def _reply(self, frame: dict[str, Any]) -> Reply:
        reply_id = parse_id(frame, "reply_id")
        if reply_id is None:
            raise errors.InvalidInput
        reply = await in_thread(find_reply)(self.teacher, reply_id)
        if reply.chat_id != self.chat_id:
            raise errors.NotFound
        return reply

    def _follow(self, reply: Reply, offset: int) -> None:
        if earlier := self._readers.get(reply.pk):
            earlier.cancel()
        task = asyncio.create_task(self._forward(reply, offset), name="ws-forward")
        self._readers[reply.pk] = task
        task.add_done_callback(lambda done: self._forget(reply.pk, done))

    def _forget(self, reply_id: uuid.UUID, task: "asyncio.Task[None]") -> None:
        if self._readers.get(reply_id) is task:
            del self._readers[reply_id]

    async def _forward(self, reply: Reply, offset: int) -> None:
        try:
            await self._send(meta_frame(reply))
            async for event in reply_events(reply, offset):
                if isinstance(event, Piece):
                    await self._send(event.frame(), next=event.end)
                elif isinstance(event, Ending):
                    await self._send(event.frame(), next=event.offset)
        except Exception as error:  # noqa: BLE001 (the edge: a stream always ends with an event)
            await self._fail(errors.as_eduhu_error(error))

    async def _fail(self, error: errors.EduhuError) -> None:
        body = errors.problem(error, request_id())
        retry = {} if error.retry_after is None else {"retry_after": error.retry_after}
        kept = {name: body[name] for name in ("error", "code", "request_id")}
        await self._send({"type": "error", **kept, **error.extra, **retry})

    async def _send(self, frame: Frame, **more: Any) -> None:
        await self.send(text_data=encode_json(frame, **more).decode())
