"""What the scripted AI server says, and how it fails; the bytes of it are made once."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

Fault = Literal[
    "none",
    "status_400",
    "status_401",
    "status_404",
    "status_429",
    "status_500",
    "status_503",
    "redirect",
    "refuse_stream_options",
    "hang_before_first_byte",
    "hang_after_headers",
    "hang_mid_stream",
    "hang_after_done",
    "cut_after_n_tokens",
    "reset_after_n_tokens",
    "bad_json",
    "error_event",
    "endless",
    "one_byte_per_second",
    "comments_only",
    "not_json_html",
    "wrong_encoding",
    "split_everywhere",
    "surrogate_split",
    "nul",
    "no_done",
    "length",
]

_PRESET_PIECES = {
    "surrogate_split": ("Gut ", "\ud83d", "\ude00", " gemacht", "\ud83d"),
    "nul": ("vor", "\0", "nach"),
}


@dataclass(frozen=True, slots=True)
class Script:
    """One answer of the server. Times are in seconds.

    The text is `pieces`, one for each token, or else `tokens` short made-up ones.
    `after` is the token behind which a fault in mid-stream happens. `said` is put
    into every error body, as a canary. With `stamp` each token carries the
    monotonic time at which it left, for latency benchmarks.
    """

    pieces: tuple[str, ...] = ()
    tokens: int = 5
    delay: float = 0.0
    first_delay: float = 0.0
    usage: bool = True
    prompt_tokens: int = 11
    completion_tokens: int | None = None
    fault: Fault = "none"
    after: int = 3
    retry_after: str | None = None
    said: str = "upstream-canary"
    error_code: str | int = "server_error"
    finish_reason: str = "stop"
    whole: bool = False  # answer with one JSON document although a stream was asked for
    framing: Literal["chunked", "close"] = "chunked"
    newline: Literal["\n", "\r\n", "\r"] = "\n"
    stamp: bool = False

    @classmethod
    def saying(cls, text: str, **changes: Any) -> Self:
        """Return a script that answers `text`, a word at a time."""
        words = text.split(" ")
        return cls(pieces=(*(f"{word} " for word in words[:-1]), words[-1]), **changes)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the script that JSON or a model name describes; raise on an unknown name."""
        hints = get_type_hints(cls)
        return cls(**{name: _converted(hints[name], value) for name, value in values.items()})

    @classmethod
    def from_model(cls, model: str) -> Self | None:
        """Return the script in a model name such as `script?tokens=50&delay=0.02`, if any."""
        name, _, query = model.partition("?")
        return cls.from_dict(dict(parse_qsl(query))) if name == "script" else None

    def said_pieces(self) -> tuple[str, ...]:
        """Return the tokens, in order."""
        made_up = (f"word{number} " for number in range(self.tokens))
        return self.pieces or _PRESET_PIECES.get(self.fault) or tuple(made_up)

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.said_pieces())

    def usage_body(self) -> dict[str, int]:
        """Return what the server counts."""
        made = self.completion_tokens
        made = len(self.said_pieces()) if made is None else made
        total = self.prompt_tokens + made
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": made,
            "total_tokens": total,
        }


def _converted(hint: Any, value: Any) -> Any:
    if hint is bool:
        return value if isinstance(value, bool) else value == "true"
    if hint in (int, float):
        return hint(value)
    if get_origin(hint) is Literal and value not in get_args(hint):
        raise ValueError(f"{value!r} is none of {get_args(hint)}")
    if hint == int | None:
        return None if value is None else int(value)
    return tuple(value) if get_origin(hint) is tuple else value


@dataclass(frozen=True, slots=True)
class Frames:
    """The events of one streamed answer as bytes; `marked` is a token that reads `@`."""

    opening: bytes
    tokens: tuple[bytes, ...]
    closing: bytes
    marked: bytes
    error: bytes

    def joined(self) -> bytes:
        """Return the whole body."""
        return self.opening + b"".join(self.tokens) + self.closing


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the services that the server can play."""

    frames: Callable[[Script, bool], Frames]
    document: Callable[[Script], dict[str, Any]]
    error: Callable[[Script], dict[str, Any]]


@lru_cache(maxsize=256)
def openai_frames(script: Script, with_usage: bool) -> Frames:
    """Return the events of a chat completion."""
    reason = "length" if script.fault == "length" else script.finish_reason
    ending = [chunk(script, {}, reason)]
    if with_usage and script.usage:
        ending.append(event(script, {**_CHUNK, "choices": [], "usage": script.usage_body()}))
    if script.fault != "no_done":
        ending.append(f"data: [DONE]{script.newline * 2}".encode())
    return Frames(
        chunk(script, {"role": "assistant", "content": ""}),
        tuple(chunk(script, {"content": piece}) for piece in script.said_pieces()),
        b"".join(ending),
        chunk(script, {"content": "@"}),
        event(script, openai_error(script)),
    )


_CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}


def chunk(script: Script, delta: dict[str, str], reason: str | None = None) -> bytes:
    """Return one event with a piece of the answer."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return event(script, {**_CHUNK, "choices": [choice]})


def event(script: Script, body: dict[str, Any], name: str = "") -> bytes:
    """Return `body` as one event; halves of characters are escaped, the rest is UTF-8."""
    try:
        data = json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        data = json.dumps(body).encode()
    newline = script.newline.encode()
    head = b"event: " + name.encode() + newline if name else b""
    return head + b"data: " + data + newline * 2


def openai_document(script: Script) -> dict[str, Any]:
    """Return the answer as one document."""
    message = {"role": "assistant", "content": script.text}
    reason = "length" if script.fault == "length" else script.finish_reason
    choice = {"index": 0, "message": message, "finish_reason": reason}
    document = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "scripted"}
    usage = {"usage": script.usage_body()} if script.usage else {}
    return {**document, "choices": [choice], **usage}


def openai_error(script: Script) -> dict[str, Any]:
    """Return an error as OpenAI words it."""
    return {"error": {"message": script.said, "type": "error", "code": script.error_code}}


OPENAI = Dialect(openai_frames, openai_document, openai_error)
