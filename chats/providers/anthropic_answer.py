"""What the events of Anthropic's messages API mean."""

from typing import Any

from chats.providers.answer import Answer, make_usage, text_of

_TOO_LONG = {"max_tokens", "model_context_window_exceeded"}
# A question is counted in up to three parts: new, written to a cache, read from it.
_ASKED = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class MessagesAnswer(Answer):
    """One message, streamed in events or as one document."""

    def __init__(self, max_characters: int, *, streamed: bool) -> None:
        super().__init__(max_characters, streamed=streamed)
        self._counted: dict[str, Any] = {}

    def _read(self, event: dict[str, Any], pieces: list[str]) -> None:
        match event.get("type"):
            case "content_block_delta" if event["delta"].get("type") == "text_delta":
                pieces.append(text_of(event["delta"]["text"]) or "")
            case "content_block_start" if event["content_block"].get("type") == "text":
                pieces.append(text_of(event["content_block"].get("text")) or "")
            case "message_start":
                self._count(event["message"].get("usage"))
            case "message_delta":
                self._count(event.get("usage"))
                self._end(event["delta"].get("stop_reason"))
            case "message_stop":
                self.done = True
            case "message":
                pieces.append(text_of(event.get("content")) or "")
                self._count(event.get("usage"))
                self._end(event.get("stop_reason") or "end_turn")
            case "error":
                self._break_off(event.get("error"))

    def _end(self, stop_reason: str | None) -> None:
        if stop_reason:
            self.reason = "length" if stop_reason in _TOO_LONG else "stop"
            asked = sum(self._counted.get(part) or 0 for part in _ASKED)
            self.usage = make_usage(asked or None, self._counted.get("output_tokens"))

    def _count(self, usage: dict[str, Any] | None) -> None:
        # The second report repeats what has changed since the first; null is no report.
        self._counted |= {key: value for key, value in (usage or {}).items() if value is not None}
