"""What wraps every WebSocket: host, origin, request id, and a teacher by bearer token.

The token comes as a subprotocol, `["bearer", token]`, so that it stands in no URL
and no log. Who is refused gets no socket (HTTP 403); the close code says why to
ASGI servers that pass it on. A socket that loses its token later closes with 4401,
one on which nothing could be heard, because Redis is away, with 4503: try again later.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation

from eduhu import errors
from eduhu.edge import (
    Authenticate,
    Headers,
    Person,
    Receive,
    Scope,
    Send,
    accepted_language,
    check_host,
)
from eduhu.telemetry import begin_request

SUBPROTOCOL = "bearer"
UNAUTHENTICATED, FOREIGN_ORIGIN, UNKNOWN, UNAVAILABLE = 4401, 4403, 4404, 4503


@dataclass(frozen=True)
class SocketRoute:
    """A WebSocket path and its consumer."""

    name: str
    path: str
    consumer: Callable[[Any, Receive, Send], Awaitable[None]]  # Channels' untyped application

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The path as a regular expression; parameters are anything but a slash."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))


class SocketEdge:
    """An ASGI application that hands known sockets of signed-in teachers to consumers."""

    def __init__(self, routes: list[SocketRoute], authenticate: Authenticate) -> None:
        self._routes = routes
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        headers = Headers(scope)
        begin_request(headers.get("x-request-id"))
        for route in self._routes:
            if match := route.pattern.fullmatch(scope["path"]):
                break
        else:
            await _refuse(send, UNKNOWN)
            return
        if not origin_allowed(headers):
            await _refuse(send, FOREIGN_ORIGIN)
            return

        async def check() -> Person:
            return await self._authenticate(offered_token(scope["subprotocols"]))

        try:
            teacher = await check()
        except errors.NotAuthenticated:
            await _refuse(send, UNAUTHENTICATED)
            return
        language = accepted_language(headers.get("accept-language")) or teacher.language
        more = {"teacher": teacher, "check_token": check, "params": match.groupdict()}
        with translation.override(language):
            await route.consumer({**scope, **more}, receive, send)


async def _refuse(send: Send, code: int) -> None:
    await send({"type": "websocket.close", "code": code})


def offered_token(subprotocols: list[str]) -> str:
    """Return the token of `["bearer", token]`. Raises NotAuthenticated for anything else."""
    if len(subprotocols) != 2 or subprotocols[0] != SUBPROTOCOL:
        raise errors.NotAuthenticated
    return subprotocols[1]


def origin_allowed(headers: Headers) -> bool:
    """Whether a socket may come from this page: our own host, or one of the CORS list.

    Programs send no origin; their token is enough, as a browser never sends it by itself.
    """
    try:
        check_host(headers.get("host"))
    except errors.InvalidInput:
        return False
    origin = headers.get("origin")
    if not origin or origin in settings.CORS_ALLOWED_ORIGINS:
        return True
    return urlsplit(origin).netloc == headers.get("host")
