"""How the routes beside Django look in the OpenAPI document."""

from typing import Any

EVENT_STREAM: dict[str, Any] = {
    "200": {
        "description": "Server-sent events: `meta`, any number of `content`, then `done` or "
        "`error`. The id of a `content` frame is the position to resume from.",
        "headers": {"X-Request-ID": {"schema": {"type": "string"}}},
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
_TURN = {
    "type": "object",
    "required": ["role", "content"],
    "properties": {
        "role": {"type": "string", "enum": ["user", "assistant", "system"]},
        "content": {"type": "string", "maxLength": 100_000},
    },
}
ID = {"type": ["string", "null"], "format": "uuid"}
_REPLY_ID = {
    "name": "reply_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
}
_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The id of the last frame received; from the beginning if absent.",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The same key starts one reply; a repetition streams it from its beginning.",
}
POST_CHAT: dict[str, Any] = {
    "operationId": "chat_send",
    "summary": "Ask, and stream the answer",
    "description": "With `chat_id` the message joins that chat, whose history is the context; "
    "without it a chat is created and earlier `messages` are context for this reply only.",
    "parameters": [IDEMPOTENCY_KEY],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "example": {"messages": [{"role": "user", "content": "Ein Quiz zur Optik"}]},
                "schema": {
                    "type": "object",
                    "properties": {
                        "messages": {"type": "array", "items": _TURN, "minItems": 1},
                        "content": {"type": "string", "maxLength": 100_000},
                        "chat_id": ID,
                        "message_id": ID,
                        "model": {"type": ["string", "null"]},
                    },
                },
            }
        },
    },
    "responses": EVENT_STREAM,
}
REPLY_EVENTS: dict[str, Any] = {
    "operationId": "reply_events",
    "summary": "Follow a reply from a position",
    "parameters": [_REPLY_ID, _LAST_EVENT_ID],
    "responses": EVENT_STREAM,
}
REPLY_RETRY: dict[str, Any] = {
    "operationId": "reply_retry",
    "summary": "Answer the same question again",
    "description": "A new reply and a new message; the old ones stay.",
    "parameters": [_REPLY_ID, IDEMPOTENCY_KEY],
    "responses": EVENT_STREAM,
}
REPLY_CONTINUE: dict[str, Any] = {
    "operationId": "reply_continue",
    "summary": "Go on with a reply that ended early",
    "description": "The same reply and message; positions go on where they ended.",
    "parameters": [_REPLY_ID, _LAST_EVENT_ID, IDEMPOTENCY_KEY],
    "responses": EVENT_STREAM,
}
