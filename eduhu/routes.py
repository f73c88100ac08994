"""The routes that stand beside Django: one list for `asgi.py`, the OpenAPI file and metrics."""

from typing import Any

from artifacts.generation.openapi import POST_GENERATE
from artifacts.generation.stream import post_generate
from chats import openapi, stream
from chats.consumers import ChatConsumer
from eduhu.edge import Route
from eduhu.openapi import PROBLEM_RESPONSE, PROBLEM_SCHEMA
from eduhu.sockets import SocketRoute
from teachers.consumers import EventsConsumer

ROUTES: list[Route] = [
    Route("chat", "POST", "/api/chat", stream.post_chat, openapi.POST_CHAT),
    Route("artifact-generate", "POST", "/api/artifacts/generate", post_generate, POST_GENERATE),
    Route(
        "reply-events",
        "GET",
        "/api/replies/{reply_id}/events",
        stream.get_reply_events,
        openapi.REPLY_EVENTS,
    ),
    Route(
        "reply-retry",
        "POST",
        "/api/replies/{reply_id}/retry",
        stream.post_reply_retry,
        openapi.REPLY_RETRY,
    ),
    Route(
        "reply-continue",
        "POST",
        "/api/replies/{reply_id}/continue",
        stream.post_reply_continue,
        openapi.REPLY_CONTINUE,
    ),
]

SOCKET_ROUTES: list[SocketRoute] = [
    SocketRoute("chat-socket", "/ws/chats/{chat_id}", ChatConsumer.as_asgi()),
    SocketRoute("events-socket", "/ws/events", EventsConsumer.as_asgi()),
]


def add_stream_routes(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Add what stands beside Django to the OpenAPI document (drf-spectacular hook)."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    for route in ROUTES:
        operation = {"tags": ["chat"], "security": [{"bearer": []}], **route.operation}
        operation["responses"] = {**operation["responses"], "default": PROBLEM_RESPONSE}
        result["paths"].setdefault(route.path, {})[route.method.lower()] = operation
    result["paths"] = dict(sorted(result["paths"].items()))
    return result
