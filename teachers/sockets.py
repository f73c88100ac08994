"""What every socket of a teacher does: open, hear events, answer frames, end with its token."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from redis.exceptions import RedisError

from eduhu import errors, events, jsonio
from eduhu.edge import Receive, Scope, Send
from eduhu.sockets import SUBPROTOCOL, UNAUTHENTICATED, UNAVAILABLE, UNKNOWN
from eduhu.telemetry import request_id
from teachers.models import Teacher
from teachers.tokens import forget_teacher

logger = logging.getLogger(__name__)

Frame = dict[str, Any]  # one JSON message


class TeacherSocket(AsyncWebsocketConsumer):
    """A socket of a signed-in teacher. Bad frames get an error, and the socket stays open."""

    teacher: Teacher
    _is_open = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket. One on which nothing can be heard is closed: try again later."""
        try:
            await super().__call__(scope, receive, send)
        except (RedisError, OSError) as error:
            logger.warning("socket closed, the channel layer is away: %s", error)
            if not self._is_open:  # a refusal could not say why
                await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            await send({"type": "websocket.close", "code": UNAVAILABLE})

    async def groups_to_join(self) -> list[str]:
        """Return the groups to hear beside the teacher's own. Raises NotFound to refuse."""
        return []

    async def answer(self, frame: Frame) -> None:
        """Answer one frame of the client. Any EduhuError goes back as an error frame."""
        raise errors.InvalidInput

    async def connect(self) -> None:
        """Join the groups, then accept: what happens after it is heard."""
        self.teacher = self.scope["teacher"]
        self._joined: list[str] = []
        try:
            groups = [events.teacher_group(self.teacher.pk), *await self.groups_to_join()]
        except errors.NotFound:
            await self.close(code=UNKNOWN)
            return
        for group in groups:
            await self.channel_layer.group_add(group, self.channel_name)
            self._joined.append(group)
        await self.accept(subprotocol=SUBPROTOCOL)
        self._is_open = True

    async def disconnect(self, code: int) -> None:
        """Leave the groups."""
        for group in self._joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer one frame."""
        raw = text_data if text_data is not None else bytes_data or b""

        async def read_and_answer() -> None:
            await self.answer(jsonio.loads_object(raw))

        await self.guarded(read_and_answer)

    async def guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`; whatever fails is told to the client."""
        try:
            await work()
        except Exception as error:  # noqa: BLE001 (the edge: every frame gets an answer)
            await self._fail(errors.as_eduhu_error(error))

    async def _fail(self, error: errors.EduhuError) -> None:
        body = errors.problem(error, request_id())
        kept = {name: body[name] for name in ("error", "code", "request_id")}
        retry = {} if error.retry_after is None else {"retry_after": error.retry_after}
        await self.send_frame({"type": "error", **kept, **error.extra, **retry})

    async def send_frame(self, frame: Frame) -> None:
        """Send one JSON message."""
        await self.send(text_data=jsonio.dumps(frame).decode())

    async def signed_out(self, event: events.Event) -> None:
        """Close when the token of this socket is no longer good."""
        forget_teacher(self.teacher.pk)
        try:
            await self.scope["check_token"]()
        except errors.NotAuthenticated:
            await self.close(code=UNAUTHENTICATED)

    async def row_changed(self, event: events.Event) -> None:
        """Rows of other tables than this socket's own are for `ws/events`."""

    async def reply_began(self, event: events.Event) -> None:
        """Replies are for the sockets of their chat."""
