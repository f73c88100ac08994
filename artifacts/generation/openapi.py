"""How the making of documents looks in the OpenAPI document."""

from typing import Any

from artifacts.kinds import KINDS
from chats.openapi import EVENT_STREAM, ID, IDEMPOTENCY_KEY

POST_GENERATE: dict[str, Any] = {
    "operationId": "artifacts_generate",
    "summary": "Make a document, and stream its making",
    "description": "The stream of a reply, whose `meta` names the `artifact_id`: the artifact is "
    "there when the stream ends with `done`, and is none when it ends with `error`.",
    "parameters": [IDEMPOTENCY_KEY],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "example": {"kind": "exam", "topic": "Optik", "grade": "8", "minutes": 45},
                "schema": {
                    "type": "object",
                    "required": ["kind", "topic"],
                    "properties": {
                        "kind": {"type": "string", "enum": list(KINDS)},
                        "topic": {"type": "string", "maxLength": 300},
                        "subject": {"type": ["string", "null"], "maxLength": 300},
                        "grade": {"type": ["string", "integer", "null"]},
                        "minutes": {"type": ["integer", "null"], "minimum": 5, "maximum": 600},
                        "language": {"type": ["string", "null"], "enum": ["de", "en", None]},
                        "options": {
                            "type": ["object", "null"],
                            "properties": {
                                "points": {"type": "integer", "minimum": 5, "maximum": 200},
                                "tasks": {"type": "integer", "minimum": 1, "maximum": 20},
                                "notes": {"type": "string", "maxLength": 2000},
                            },
                            "additionalProperties": False,
                        },
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
