"""Read an OpenAI-like chat completion from its bytes: text, ending, usage, fault. No I/O."""

import json
from typing import Any, Literal

import orjson

from chats.providers.base import Usage
from chats.providers.sse_lines import OversizedEvent, SSELines, WholeBody
from chats.providers.text import TextMender
from chats.providers.upstream import error_for_status
from eduhu.errors import ProviderError, ProviderUnavailable

_DONE = b"[DONE]"
_MOST_TOKENS = 2**31 - 1
# Every character may arrive as two escaped halves of six bytes each.
_BYTES_PER_CHARACTER = 12
_ENVELOPE_BYTES = 64 * 1024


class ChatAnswer:
    """One answer as its bytes come in.

    `feed` and `close` return text and never raise: what went wrong is in `fault`,
    so that the text that came before it is not lost. `reason` is set when the
    provider said that the answer is whole, `done` by its end marker. At most
    `max_characters` of text are returned; with more, the answer is `full` and
    ends as "length".
    """

    def __init__(self, max_characters: int, *, streamed: bool) -> None:
        self.reason: Literal["stop", "length"] | None = None
        self.usage: Usage | None = None
        self.fault: ProviderError | None = None
        self.fault_text = ""
        self.done = False
        self.full = False
        limit = _BYTES_PER_CHARACTER * max_characters + _ENVELOPE_BYTES
        self._body: SSELines | WholeBody = SSELines(limit) if streamed else WholeBody(limit)
        self._mender = TextMender()
        self._room = max_characters

    @property
    def over(self) -> bool:
        """No byte that follows can change anything."""
        return self.done or self.full or self.fault is not None

    @property
    def signs_of_life(self) -> int:
        """A number that grows with each complete line; a trickle of bytes does not count."""
        return self._body.lines

    def feed(self, chunk: bytes) -> str:
        """Take bytes as they came and return the text they complete; may be empty."""
        if self.over:
            return ""
        pieces: list[str] = []
        try:
            for event in self._body.feed(chunk):
                self._take(event, pieces)
        except OversizedEvent as error:
            self._fail(ProviderUnavailable(), error)
        return self._fit(self._mender.feed("".join(pieces))) if pieces else ""

    def close(self) -> str:
        """Say that no byte follows, and return the rest of the text."""
        pieces: list[str] = []
        if not self.over:
            for event in self._body.close():
                self._take(event, pieces)
        return self._fit(self._mender.feed("".join(pieces)) + self._mender.flush())

    def _take(self, event: bytes, pieces: list[str]) -> None:
        if self.over or not event:
            return
        if event == _DONE:
            self.done = True
            return
        try:
            self._read(_parse(event), pieces)
        # A shape that no server should send, at any depth: one door for all of it.
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            self._fail(ProviderUnavailable(), error)

    def _read(self, event: dict[str, Any], pieces: list[str]) -> None:
        if event.get("error") or event.get("object") == "error":
            fault = event.get("error") or event
            self.fault_text = describe_fault(fault)
            self.fault = _error_for_fault(fault)
            return
        if usage := event.get("usage"):
            self.usage = _read_usage(usage)
        for choice in event.get("choices") or ():
            message = choice.get("message")
            if text := _text_of((message or choice.get("delta") or {}).get("content")):
                pieces.append(text)
            if reason := choice.get("finish_reason") or (message and "stop"):
                self.reason = "length" if reason == "length" else "stop"

    def _fail(self, fault: ProviderError, cause: Exception) -> None:
        if self.reason is not None:  # the text is whole, only its trailer is broken
            self.done = True
            return
        fault.__cause__ = cause
        self.fault = fault
        self.fault_text = f"unreadable event ({type(cause).__name__})"

    def _fit(self, text: str) -> str:
        if len(text) <= self._room:
            self._room -= len(text)
            return text
        self.reason, self.full, self.fault = "length", True, None
        text, self._room = text[: self._room], 0
        return text


def describe_fault(fault: Any) -> str:
    """Return a provider's error object (any JSON) as a short line for our log."""
    if isinstance(fault, dict):
        return " ".join(str(fault[key]) for key in ("code", "type", "message") if fault.get(key))
    return fault if isinstance(fault, str) else type(fault).__name__


def _error_for_fault(fault: Any) -> ProviderError:
    """Return the error for an error object inside a stream, where no HTTP status is left."""
    named = fault if isinstance(fault, dict) else {}
    for status in (named.get("code"), named.get("status")):
        if str(status).isdecimal() and 300 <= int(str(status)) < 600:
            return error_for_status(int(str(status)))
    kind = f"{named.get('code')} {named.get('type')}".lower()
    if "rate_limit" in kind or "insufficient_quota" in kind:
        return error_for_status(429)
    if any(word in kind for word in ("invalid", "context_length", "auth", "not_found")):
        return error_for_status(400)
    return ProviderUnavailable()


def _parse(event: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(event)
    except orjson.JSONDecodeError:
        # orjson is right to refuse half a surrogate pair and wrong bytes, but the
        # rest of the answer is worth having.
        parsed = json.loads(event.decode("utf-8", "replace"))
    if not isinstance(parsed, dict):
        raise TypeError("not an object")
    return parsed


def _text_of(content: Any) -> str | None:
    """Return the text of a delta; some servers send a list of typed parts instead of a string."""
    if content is None or isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part.get("type") == "text")


def _read_usage(usage: dict[str, Any]) -> Usage | None:
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not (isinstance(prompt, int) and isinstance(completion, int)):
        return None
    if not (0 <= prompt <= _MOST_TOKENS and 0 <= completion <= _MOST_TOKENS):
        return None
    return Usage(prompt, completion)
