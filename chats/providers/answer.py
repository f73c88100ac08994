"""Read an AI service's answer from its bytes: text, ending, usage, fault. No I/O."""

import json
from abc import ABC, abstractmethod
from typing import Any, Literal

import orjson

from chats.providers.base import Usage
from chats.providers.sse_lines import OversizedEvent, SSELines, WholeBody
from chats.providers.text import TextMender
from chats.providers.upstream import describe_fault, error_for_fault
from eduhu.errors import ProviderError, ProviderUnavailable

_MOST_TOKENS = 2**31 - 1
# Every character may arrive as two escaped halves of six bytes each.
_BYTES_PER_CHARACTER = 12
_ENVELOPE_BYTES = 64 * 1024


class Answer(ABC):
    """One answer as its bytes come in; a subclass knows what the events of its service mean.

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

    @abstractmethod
    def _read(self, event: dict[str, Any], pieces: list[str]) -> None:
        """Take what one event says and add its text to `pieces`.

        An event of a shape that no server should send may raise what working with
        it raises: it becomes a fault.
        """

    def _is_end_marker(self, event: bytes) -> bool:
        """Whether `event` is no JSON, but the end of the stream."""
        return False

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
        if self._is_end_marker(event):
            self.done = True
            return
        try:
            self._read(_parse(event), pieces)
        # A shape that no server should send, at any depth: one door for all of it.
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            self._fail(ProviderUnavailable(), error)

    def _break_off(self, fault: Any) -> None:
        """Take the service's own error object."""
        self.fault_text = describe_fault(fault)
        self.fault = error_for_fault(fault)

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


def make_usage(prompt: Any, completion: Any) -> Usage | None:
    """Return the usage a service reported, or None where it makes no sense."""
    if not (isinstance(prompt, int) and isinstance(completion, int)):
        return None
    if not (0 <= prompt <= _MOST_TOKENS and 0 <= completion <= _MOST_TOKENS):
        return None
    return Usage(prompt, completion)


def text_of(content: Any) -> str | None:
    """Return the text of a string, or of the text parts in a list of typed parts."""
    if content is None or isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part.get("type") == "text")


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
