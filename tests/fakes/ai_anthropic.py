"""How the scripted AI server speaks Anthropic's messages API."""

from functools import lru_cache
from typing import Any

from tests.fakes.ai_script import Dialect, Frames, Script, event

_MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "scripted"}


@lru_cache(maxsize=256)
def _frames(script: Script, _with_usage: bool) -> Frames:
    opening = [
        _event(script, "message_start", message={**_MESSAGE, "content": [], **_asked(script)}),
        _event(script, "content_block_start", index=0, content_block={"type": "text", "text": ""}),
        _event(script, "ping"),
    ]
    closing = [
        _event(script, "content_block_stop", index=0),
        _event(script, "message_delta", delta={"stop_reason": _reason(script)}, **_made(script)),
    ]
    if script.fault != "no_done":
        closing.append(_event(script, "message_stop"))
    return Frames(
        b"".join(opening),
        tuple(_token(script, piece) for piece in script.said_pieces()),
        b"".join(closing),
        _token(script, "@"),
        event(script, _error(script), "error"),
    )


def _document(script: Script) -> dict[str, Any]:
    usage = {**_asked(script).get("usage", {}), **_made(script).get("usage", {})}
    content = [{"type": "text", "text": script.text}]
    return {**_MESSAGE, "content": content, "stop_reason": _reason(script), "usage": usage}


def _error(script: Script) -> dict[str, Any]:
    kind = "rate_limit_error" if script.error_code == 429 else script.error_code
    return {"type": "error", "error": {"type": kind, "message": script.said}}


def _event(script: Script, kind: str, **fields: Any) -> bytes:
    return event(script, {"type": kind, **fields}, kind)


def _token(script: Script, text: str) -> bytes:
    delta = {"type": "text_delta", "text": text}
    return _event(script, "content_block_delta", index=0, delta=delta)


def _reason(script: Script) -> str:
    if script.fault == "length":
        return "max_tokens"
    return "end_turn" if script.finish_reason == "stop" else script.finish_reason


def _asked(script: Script) -> dict[str, Any]:
    cached = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": None}
    counted = {"input_tokens": script.prompt_tokens, "output_tokens": 1, **cached}
    return {"usage": counted} if script.usage else {}


def _made(script: Script) -> dict[str, Any]:
    made = script.usage_body()["completion_tokens"]
    return {"usage": {"output_tokens": made}} if script.usage else {}


ANTHROPIC = Dialect(_frames, _document, _error)
