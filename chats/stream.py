"""Replies as server-sent events, beside Django: ask, and follow from any position."""

import asyncio
import logging
import random
import uuid
from collections.abc import AsyncIterator, Iterable
from itertools import chain

from django.conf import settings
from django.db import InterfaceError, OperationalError

from chats import limits
from chats.actions import RequestKey
from chats.models import Reply, ReplyState
from chats.queries import find_reply
from chats.replies import engine
from chats.replies.events import (
    SSE_HEARTBEAT,
    Ending,
    Heartbeat,
    Piece,
    Reconnect,
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
from teachers.idempotency import checked_key, fingerprint

logger = logging.getLogger(__name__)

SILENCE_SECONDS = 1.0  # then the row is asked
GAP_SECONDS = 0.2
RECONNECT_MS = (200, 3000)
MAX_OFFSET = 10**9
FRAME_CHARACTERS = 16_384


async def post_chat(request: EdgeRequest) -> EventStream:
    """`POST /api/chat`: store the question, and stream the reply from its beginning."""
    question = parse_question(jsonio.loads_object(request.body))
    reply = await in_thread(limits.ask)(request.teacher, question, request_key(request))
    return EventStream(sse_frames(reply, 0))


async def post_reply_retry(request: EdgeRequest) -> EventStream:
    """`POST /api/replies/{id}/retry`: answer the question again, and stream the new reply."""
    reply_id = _reply_id(request)
    reply = await in_thread(limits.answer_again)(request.teacher, reply_id, request_key(request))
    return EventStream(sse_frames(reply, 0))


async def post_reply_continue(request: EdgeRequest) -> EventStream:
    """`POST /api/replies/{id}/continue`: go on, and stream from `Last-Event-ID`, or from 0."""
    reply_id, offset = _reply_id(request), _offset(request)
    reply = await in_thread(limits.go_on)(request.teacher, reply_id, request_key(request))
    # What was seen beyond the row is lost: the new attempt goes on from what was kept.
    return EventStream(sse_frames(reply, min(offset, reply.attempt_offset)))


def request_key(request: EdgeRequest) -> RequestKey | None:
    """Return the `Idempotency-Key` of a request with a hash of what it came with."""
    key = checked_key(request.headers.find("idempotency-key"))
    if key is None:
        return None
    scope = request.scope
    return RequestKey(
        key, fingerprint(scope["method"].encode(), scope["path"].encode(), request.body)
    )


def _reply_id(request: EdgeRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.params["reply_id"])
    except ValueError as error:
        raise NotFound from error


def _offset(request: EdgeRequest) -> int:
    return parse_offset(request.headers.get("last-event-id") or "0")


async def get_reply_events(request: EdgeRequest) -> EventStream:
    """`GET /api/replies/{id}/events`: stream a reply from `Last-Event-ID`, or from 0."""
    offset = _offset(request)
    reply = await in_thread(find_reply)(request.teacher, _reply_id(request))
    refuse_beyond_end(reply, offset)
    return EventStream(sse_frames(reply, offset))


def parse_offset(text: str) -> int:
    """Read a position. Raises InvalidInput for what is none."""
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= MAX_OFFSET):
        raise InvalidInput
    return int(text)


def refuse_beyond_end(reply: Reply, offset: int) -> None:
    """Raise InvalidInput for a position that an ended reply never reached.

    A reply that was interrupted may have lost its last second: who read it is further.
    """
    may_be_shorter = reply.is_live or reply.state == ReplyState.INTERRUPTED
    if not may_be_shorter and offset > len(reply.text):
        raise InvalidInput


async def sse_frames(reply: Reply, offset: int) -> AsyncIterator[bytes]:
    """Yield whole SSE frames: `meta`, what comes after `offset`, and the ending."""
    yield encode_sse(meta_frame(reply))
    async for event in reply_events(reply, offset):
        if isinstance(event, Piece):
            yield encode_sse(event.frame(), event.end)
        elif isinstance(event, Ending):
            yield encode_sse(event.frame(), event.offset)
        elif isinstance(event, Reconnect):
            yield b"retry: %d\n" % event.after_ms + encode_sse(event.frame())
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
    with engine.log().reader(reply.pk, reply.attempt) as reader:
        while True:
            for event in chain.from_iterable(map(_in_frames, events)):
                yield event
                last_event = clock()
                if isinstance(event, Ending):
                    return
                offset = event.end if isinstance(event, Piece) else offset
            if engine.is_draining():
                # Spread, so that a restart does not bring all clients back at once.
                yield Reconnect(after_ms=random.randint(*RECONNECT_MS))
                return
            patience = min(SILENCE_SECONDS, settings.STREAM_HEARTBEAT_SECONDS)
            pieces, ending = await reader.after(offset, patience)
            events = [*pieces, *([ending] if ending else [])]
            has_gap = bool(pieces) and pieces[0].offset > offset
            is_past = ending is not None and ending.offset < offset
            if events and not has_gap and not is_past:
                continue
            events = await _looked_up(reply, offset)
            if not events and (has_gap or is_past):
                await asyncio.sleep(GAP_SECONDS)  # the next checkpoint closes the gap
            if not events and clock() - last_event >= settings.STREAM_HEARTBEAT_SECONDS:
                events = [Heartbeat()]


async def _looked_up(reply: Reply, offset: int) -> list[ReplyEvent]:
    try:
        return _from_row(await engine.rows().look_up(reply.pk), offset)
    except (OperationalError, InterfaceError) as error:
        # The worker keeps the text while the database is away, and the log may go on.
        logger.warning("reply not looked up, the stream goes on: %s", error)
        return []


def _in_frames(event: ReplyEvent) -> Iterable[ReplyEvent]:
    """Cut what was read at once into frames that any client takes, made one by one."""
    if not isinstance(event, Piece) or len(event.text) <= FRAME_CHARACTERS:
        return (event,)
    starts = range(0, len(event.text), FRAME_CHARACTERS)
    return (Piece(event.offset + at, event.text[at : at + FRAME_CHARACTERS]) for at in starts)


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
