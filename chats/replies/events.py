"""What a client sees of a reply: pieces of text, then exactly one ending.

A position is the number of characters (Unicode code points) before it, so that
memory, the log and the row are interchangeable when a client resumes.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from chats.models import Reply, ReplyState
from eduhu.db import epoch_ms
from eduhu.errors import by_code

Run = tuple[uuid.UUID, int]  # a reply, and the attempt at it that writes or is read
Frame = dict[str, Any]  # one JSON event, as `docs/architecture.md` describes it


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that begins at position `offset`."""

    offset: int
    text: str

    @property
    def end(self) -> int:
        """The position after this piece."""
        return self.offset + len(self.text)

    def frame(self) -> Frame:
        """The event as JSON."""
        return {"type": "content", "content": self.text, "offset": self.offset}


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt at a reply ended.

    `offset` is the reply's length in characters, times are milliseconds.
    """

    reply_id: uuid.UUID
    message_id: uuid.UUID
    state: ReplyState
    offset: int
    attempt: int = 1
    finish_reason: str = ""
    error_code: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    usage_estimated: bool = False
    response_time_ms: int | None = None

    @property
    def run(self) -> Run:
        """What ended."""
        return self.reply_id, self.attempt

    def frame(self) -> Frame:
        """The event as JSON; the text of an error is in the active language."""
        common = {
            "reply_id": self.reply_id,
            "message_id": self.message_id if self.offset else None,
            "offset": self.offset,
        }
        if self.error_code:
            error = by_code(self.error_code)
            return {"type": "error", "error": str(error.detail), "code": error.code, **common}
        usage = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "estimated": self.usage_estimated,
        }
        return {
            "type": "done",
            "finish_reason": self.finish_reason,
            **common,
            "usage": usage,
            "response_time_ms": self.response_time_ms,
        }


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing happened for a while; the connection is alive."""


@dataclass(frozen=True, slots=True)
class Reconnect:
    """The process is about to end and the reply goes on: resume after `after_ms`."""

    after_ms: int

    def frame(self) -> Frame:
        """The event as JSON."""
        return {"type": "reconnect", "after_ms": self.after_ms}


ReplyEvent = Piece | Ending | Heartbeat | Reconnect


def meta_frame(reply: Reply) -> Frame:
    """The first event of every stream: which rows it is about."""
    return {
        "type": "meta",
        "chat_id": reply.chat_id,
        "message_id": reply.message_id,
        "reply_id": reply.pk,
        "user_message_id": reply.user_message_id,
        "model": reply.model,
        "demo": reply.is_demo,
        **({"artifact_id": reply.artifact_id} if reply.artifact_id else {}),
    }


def ending_of(reply: Reply) -> Ending:
    """The ending that the row of an ended reply tells."""
    return Ending(
        reply_id=reply.pk,
        message_id=reply.message_id,
        state=ReplyState(reply.state),
        offset=len(reply.text),
        attempt=reply.attempt,
        finish_reason=reply.finish_reason,
        error_code=reply.error_code,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        usage_estimated=reply.usage_estimated,
        response_time_ms=elapsed_ms(reply.accepted_at, reply.ended_at),
    )


def ending_to_json(ending: Ending) -> bytes:
    """Encode an ending for the log."""
    return orjson.dumps(ending)


def ending_from_json(encoded: bytes) -> Ending:
    """Decode what `ending_to_json` made."""
    fields = orjson.loads(encoded)
    ids = {name: uuid.UUID(fields[name]) for name in ("reply_id", "message_id")}
    return Ending(**{**fields, **ids, "state": ReplyState(fields["state"])})


def elapsed_ms(start: dt.datetime, end: dt.datetime | None) -> int | None:
    """Milliseconds from `start` to `end`; never negative, whatever the clock did."""
    return None if end is None else max(0, epoch_ms(end) - epoch_ms(start))


def encode_sse(frame: Frame, event_id: int | None = None) -> bytes:
    """One server-sent event; `event_id` is the position a client resumes from."""
    prefix = b"" if event_id is None else b"id: %d\n" % event_id
    return prefix + b"data: " + orjson.dumps(frame) + b"\n\n"


SSE_HEARTBEAT = b": ping\n\n"
