"""Replies as server-sent events, beside Django: ask, and follow from any position."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

from django.conf import settings

from chats import limits
from chats.models import Reply
from chats.queries import find_reply, reload_reply
from chats.replies import engine
from chats.replies.events import (
    SSE_HEARTBEAT,
    Ending,
    Heartbeat,
    Piece,
    ReplyEvent,
    encode_sse,
    ending_of,
    meta_frame,
)
from chats.requests import parse_question
from eduhu import jsonio
from eduhu.edge import EdgeRequest, EventStream
from eduhu.errors import InvalidInput, NotFound
from eduhu.threads import in_thread

SILENCE_SECONDS = 1.0  # then the row is asked
GAP_SECONDS = 0.2
MAX_OFFSET = 10**9


async def post_chat(request: EdgeRequest) -> EventStream:
    """`POST /api/chat`: store the question, and stream the reply from its beginning."""
    question = parse_question(jsonio.loads_object(request.body))
    reply = await in_thread(limits.ask)(request.teacher, question)
    return EventStream(sse_frames(reply, 0))


async def get_reply_events(request: EdgeRequest) -> EventStream:
    """`GET /api/replies/{id}/events`: stream a reply from `Last-Event-ID`, or from 0."""
    offset = parse_offset(request.headers.get("last-event-id") or "0")
    try:
        reply_id = uuid.UUID(request.params["reply_id"])
    except ValueError as error:
        raise NotFound from error
    reply = await in_thread(find_reply)(request.teacher, reply_id)
    refuse_beyond_end(reply, offset)
    return EventStream(sse_frames(reply, offset))


def parse_offset(text: str) -> int:
    """Read a position. Raises InvalidInput for what is none."""
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= MAX_OFFSET):
        raise InvalidInput
    return int(text)


def refuse_beyond_end(reply: Reply, offset: int) -> None:
    """Raise InvalidInput for a position that an ended reply never reached."""
    if not reply.is_live and offset > len(reply.text):
        raise InvalidInput


async def sse_frames(reply: Reply, offset: int) -> AsyncIterator[bytes]:
    """Yield whole SSE frames: `meta`, what comes after `offset`, and the ending."""
    yield encode_sse(meta_frame(reply))
    async for event in reply_events(reply, offset):
        if isinstance(event, Piece):
            yield encode_sse(event.frame(), event.end)
        elif isinstance(event, Ending):
            yield encode_sse(event.frame(), event.offset)
        else:
            yield SSE_HEARTBEAT


async def reply_events(reply: Reply, offset: int) -> AsyncIterator[ReplyEvent]:
    """Yield the events of a reply after `offset`, up to and with its ending.

    Text comes from the log. Where the log is silent or has a gap, the row has it:
    checkpointed about once a second, and whole once the reply has ended. Raises
    InvalidInput for a position the reply never reached, NotFound when it is deleted.
    """
    clock = asyncio.get_running_loop().time
    last_event = clock()
    events = _from_row(reply, offset)
    with engine.log().reader(reply.pk) as reader:
        while True:
            for event in events:
                yield event
                last_event = clock()
                if isinstance(event, Ending):
                    return
                offset = event.end if isinstance(event, Piece) else offset
            pieces, ending = await reader.after(offset, SILENCE_SECONDS)
            if ending is not None and offset > ending.offset:
                raise InvalidInput
            events = [*pieces, *([ending] if ending else [])]
            if events and not (pieces and pieces[0].offset > offset):
                continue
            events = _from_row(await in_thread(reload_reply)(reply.pk), offset)
            if not events and pieces:
                await asyncio.sleep(GAP_SECONDS)  # the next checkpoint closes the gap
            if not events and clock() - last_event >= settings.STREAM_HEARTBEAT_SECONDS:
                events = [Heartbeat()]


def _from_row(reply: Reply | None, offset: int) -> list[ReplyEvent]:
    if reply is None:
        raise NotFound  # deleted with its chat
    refuse_beyond_end(reply, offset)
    events: list[ReplyEvent] = []
    if len(reply.text) > offset:
        events.append(Piece(offset, reply.text[offset:]))
    if not reply.is_live:
        events.append(ending_of(reply))
    return events


_EVENT_STREAM: dict[str, Any] = {
    "200": {
        "description": "Server-sent events: `meta`, any number of `content`, then `done` or "
        "`error`. The id of a `content` frame is the position to resume from.",
        "headers": {"X-Request-ID": {"schema": {"type": "string"}}},
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
_TURN = {
    "type": "object",
    "required": ["role", "content"],
    "properties": {
        "role": {"type": "string", "enum": ["user", "assistant", "system"]},
        "content": {"type": "string", "maxLength": 100_000},
    },
}
_ID = {"type": ["string", "null"], "format": "uuid"}
POST_CHAT_OPERATION: dict[str, Any] = {
    "operationId": "chat_send",
    "summary": "Ask, and stream the answer",
    "description": "With `chat_id` the message joins that chat, whose history is the context; "
    "without it a chat is created and earlier `messages` are context for this reply only.",
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "messages": {"type": "array", "items": _TURN, "minItems": 1},
                        "content": {"type": "string", "maxLength": 100_000},
                        "chat_id": _ID,
                        "message_id": _ID,
                        "model": {"type": ["string", "null"]},
                    },
                }
            }
        },
    },
    "responses": _EVENT_STREAM,
}
REPLY_EVENTS_OPERATION: dict[str, Any] = {
    "operationId": "reply_events",
    "summary": "Follow a reply from a position",
    "parameters": [
        {
            "name": "reply_id",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"},
        },
        {
            "name": "Last-Event-ID",
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "description": "The id of the last frame received; from the beginning if absent.",
        },
    ],
    "responses": _EVENT_STREAM,
}
