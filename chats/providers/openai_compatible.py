"""Replies from any server that speaks OpenAI's chat completions (also vLLM, Ollama, Mistral …)."""

from typing import Any

from chats.providers.base import Prompt
from chats.providers.http_stream import HttpProvider, Limits
from chats.providers.openai_answer import ChatAnswer


class OpenAICompatible(HttpProvider):
    """A `Provider` that reads `{base_url}/chat/completions` as a stream."""

    name = "openai"

    def __init__(self, base_url: str, api_key: str | None, limits: Limits) -> None:
        super().__init__(base_url.rstrip("/") + "/chat/completions", api_key, limits)
        self._asks_for_usage = True
        self._asks_for_schema = True

    def _request_body(self, prompt: Prompt) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": prompt.model,
            "messages": [{"role": m.role, "content": m.content} for m in prompt.turns()],
            "stream": True,
        }
        if self._asks_for_usage:
            body["stream_options"] = {"include_usage": True}
        if prompt.answer_schema is not None and self._asks_for_schema:
            schema = {"name": "answer", "strict": True, "schema": prompt.answer_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _learns_from(self, status: int, body: bytes, asked: dict[str, Any]) -> bool:
        # Older servers refuse what they do not know. Nothing was generated, so asking
        # again without it is safe; usage is estimated from now on.
        if "stream_options" in asked and status in (400, 422) and b"stream_options" in body:
            self._asks_for_usage = False
            return True
        if "response_format" in asked and status in (400, 404, 422):
            self._asks_for_schema = False
            return True
        return False

    def _key_headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    def _new_answer(self, *, streamed: bool) -> ChatAnswer:
        return ChatAnswer(self._limits.max_chars, streamed=streamed)
