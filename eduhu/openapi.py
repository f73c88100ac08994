"""The OpenAPI document: one schema for every error."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema

from eduhu.errors import PROBLEM_TYPE

PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "error", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For people, in German or English."},
        "error": {"type": "string", "description": "The same as `detail`."},
        "code": {"type": "string", "description": "For programs; stable."},
        "request_id": {"type": "string"},
        "errors": {"description": "What is wrong with which field."},
        "revision": {"type": "integer", "description": "Of a 412: the current one."},
        "reply_id": {"type": "string", "format": "uuid"},
        "feature": {"type": "string", "description": "Of `feature_off`: what is off."},
        "model": {"type": "string", "description": "Of `model_off`: which one."},
    },
}
PROBLEM_RESPONSE = {
    "description": "Any error",
    "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class EduhuSchema(AutoSchema):
    """Every operation may end in a problem."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        return {**bodies, "default": PROBLEM_RESPONSE}
