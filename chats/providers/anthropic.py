"""Replies from Anthropic's messages API, or a server that speaks it."""

from itertools import dropwhile
from typing import Any

from chats.providers.anthropic_answer import MessagesAnswer
from chats.providers.base import Prompt
from chats.providers.http_stream import HttpProvider, Limits

_API_VERSION = "2023-06-01"


class Anthropic(HttpProvider):
    """A `Provider` that reads `{base_url}/v1/messages` as a stream.

    The service insists on a bound for the answer: `max_tokens`.
    """

    name = "anthropic"

    def __init__(
        self, base_url: str, api_key: str | None, limits: Limits, *, max_tokens: int
    ) -> None:
        root = base_url.rstrip("/").removesuffix("/v1")
        super().__init__(f"{root}/v1/messages", api_key, limits)
        self._max_tokens = max_tokens

    def _request_body(self, prompt: Prompt) -> dict[str, Any]:
        turns = prompt.turns()
        system = "\n\n".join(turn.content for turn in turns if turn.role == "system")
        said = (turn for turn in turns if turn.role != "system")
        # The service refuses a conversation that begins with an answer, which is what
        # is left of a long one whose first question was cut away.
        asked = dropwhile(lambda turn: turn.role == "assistant", said)
        body: dict[str, Any] = {
            "model": prompt.model,
            "max_tokens": self._max_tokens,
            "messages": [{"role": turn.role, "content": turn.content} for turn in asked],
            "stream": True,
        }
        if system:
            body["system"] = system
        return body

    def _key_headers(self) -> dict[str, str]:
        key = {"x-api-key": self._key} if self._key else {}
        return {"anthropic-version": _API_VERSION, **key}

    def _new_answer(self, *, streamed: bool) -> MessagesAnswer:
        return MessagesAnswer(self._limits.max_chars, streamed=streamed)
