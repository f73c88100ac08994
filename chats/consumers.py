"""A chat over a WebSocket: the same frames as SSE, plus `next`, the position after each.

The consumer hands over and forwards; it never generates. All devices on a chat see
what any of them asks, as `message`, and the reply to it.
"""

import asyncio
import uuid

from chats import limits
from chats.actions import cancel_reply
from chats.cached import find_chat
from chats.models import Reply
from chats.queries import find_reply, reply_with_question
from chats.replies.events import Ending, Piece, meta_frame
from chats.requests import parse_id, parse_question
from chats.stream import parse_offset, refuse_beyond_end, reply_events
from eduhu import errors, events
from eduhu.threads import in_thread
from teachers.sockets import Frame, TeacherSocket

Attempt = tuple[uuid.UUID, int]  # of a reply


class ChatConsumer(TeacherSocket):
    """`ws/chats/{id}`: `send`, `cancel`, `resume` and `ping` from one device."""

    chat_id: uuid.UUID

    async def groups_to_join(self) -> list[str]:
        """Hear the chat. Raises NotFound for any but the teacher's own."""
        self._readers: dict[Attempt, asyncio.Task[None]] = {}
        self._begun: set[Attempt] = set()
        try:
            self.chat_id = uuid.UUID(self.scope["params"]["chat_id"])
        except ValueError as error:
            raise errors.NotFound from error
        await find_chat(self.teacher, self.chat_id)
        return [events.chat_group(self.chat_id)]

    async def disconnect(self, code: int) -> None:
        """Stop forwarding; the replies go on."""
        for reader in self._readers.values():
            reader.cancel()
        await super().disconnect(code)

    async def answer(self, frame: Frame) -> None:
        """Answer one frame. Raises EduhuError."""
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
                await self.send_frame({"type": "pong"})
            case _:
                raise errors.InvalidInput

    async def _reply(self, frame: Frame) -> Reply:
        reply_id = parse_id(frame, "reply_id")
        if reply_id is None:
            raise errors.InvalidInput
        reply = await in_thread(find_reply)(self.teacher, reply_id)
        if reply.chat_id != self.chat_id:
            raise errors.NotFound
        return reply

    async def reply_began(self, event: events.Event) -> None:
        """Show what another device asked, and follow the reply to it."""
        attempt = (uuid.UUID(event["reply_id"]), event["attempt"])
        if attempt in self._begun:
            return

        async def show() -> None:
            reply, question = await in_thread(reply_with_question)(self.teacher, attempt[0])
            await self.send_frame({"type": "message", "message": question})
            self._follow(reply, reply.attempt_offset)

        await self.guarded(show)

    def _follow(self, reply: Reply, offset: int) -> None:
        attempt = (reply.pk, reply.attempt)
        self._begun.add(attempt)
        if earlier := self._readers.get(attempt):
            earlier.cancel()
        task = asyncio.create_task(
            self.guarded(lambda: self._forward(reply, offset)), name="ws-forward"
        )
        self._readers[attempt] = task
        task.add_done_callback(lambda done: self._forget(attempt, done))

    def _forget(self, attempt: Attempt, task: "asyncio.Task[None]") -> None:
        if self._readers.get(attempt) is task:
            del self._readers[attempt]

    async def _forward(self, reply: Reply, offset: int) -> None:
        await self.send_frame(meta_frame(reply))
        async for event in reply_events(reply, offset):
            if isinstance(event, Piece):
                await self.send_frame({**event.frame(), "next": event.end})
            elif isinstance(event, Ending):
                await self.send_frame({**event.frame(), "next": event.offset})
