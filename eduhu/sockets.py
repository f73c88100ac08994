"""What wraps every WebSocket: host, origin, request id, and a teacher by bearer token.

The token comes as a subprotocol, `["bearer", token]`, so that it stands in no URL
and no log. Who is refused gets no socket (HTTP 403); the close code says why to
ASGI servers that pass it on. A socket that loses its token later closes with 4401,
one on which nothing could be heard, because Redis is away, with 4503: try again later.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation

from eduhu import errors, logs
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
from eduhu.metrics.requests import UNMATCHED, Meter
from eduhu.telemetry import begin_request

SUBPROTOCOL = "bearer"
ABNORMAL = 1006  # the connection broke, nobody said goodbye
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
            await _refuse(_Metered(UNMATCHED, receive, send).send, UNKNOWN)
            return
        metered = _Metered(route.name, receive, send)
        receive, send = metered.receive, metered.send
        try:
            await self._serve(route, match, scope, headers, receive, send)
        finally:
            metered.end()

    async def _serve(
        self,
        route: SocketRoute,
        match: re.Match[str],
        scope: Scope,
        headers: Headers,
        receive: Receive,
        send: Send,
    ) -> None:
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
        logs.know(teacher=teacher.pk)
        language = accepted_language(headers.get("accept-language")) or teacher.language
        more = {"teacher": teacher, "check_token": check, "params": match.groupdict()}
        with translation.override(language):
            await route.consumer({**scope, **more}, receive, send)


class _Metered:
    """The two ends of a socket, measured."""

    def __init__(self, route: str, receive: Receive, send: Send) -> None:
        self._meter = Meter(route, "WEBSOCKET")
        self._receive = receive
        self._send = send
        self._is_answered = self._is_aborted = False

    async def receive(self) -> Mapping[str, Any]:
        """Take what the client sends."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._is_aborted = message.get("code") == ABNORMAL
        return message

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send on; a socket is refused by a close that comes first."""
        await self._send(message)
        if message["type"] == "websocket.send":
            self._meter.event(len(message.get("text") or message.get("bytes") or b""))
        elif not self._is_answered:
            self._is_answered = True
            is_open = message["type"] == "websocket.accept"
            self._meter.answered(101 if is_open else 403)
            if is_open:
                self._meter.opened()

    def end(self) -> None:
        """Note the end."""
        self._meter.closed(aborted=self._is_aborted)


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
