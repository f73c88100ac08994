"""What the events of an OpenAI-like chat completion mean."""

from typing import Any

from chats.providers.answer import Answer, make_usage, text_of


class ChatAnswer(Answer):
    """One chat completion, streamed in chunks or as one document."""

    def _is_end_marker(self, event: bytes) -> bool:
        return event == b"[DONE]"

    def _read(self, event: dict[str, Any], pieces: list[str]) -> None:
        if event.get("error") or event.get("object") == "error":
            self._break_off(event.get("error") or event)
            return
        if usage := event.get("usage"):
            self.usage = make_usage(usage.get("prompt_tokens"), usage.get("completion_tokens"))
        for choice in event.get("choices") or ():
            message = choice.get("message")
            if text := text_of((message or choice.get("delta") or {}).get("content")):
                pieces.append(text)
            if reason := choice.get("finish_reason") or (message and "stop"):
                self.reason = "length" if reason == "length" else "stop"
