"""What wraps every route that is not Django's.

Streams stand beside Django, because its handler and middleware cost more than
the whole of a reply. What middleware gives other routes they get here: host
check, CORS, request id, language, body cap, authentication, one error body, and
an end to every stream: on daphne an exception after the headers would leave the
client hanging for ever.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import orjson
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from eduhu import errors, logs
from eduhu.metrics.requests import UNMATCHED, Meter
from eduhu.telemetry import begin_request, end_request, request_id
from eduhu.tracing import span

Scope = dict[str, Any]  # ASGI's own shape
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Person(Protocol):
    """Who is asking, as far as this module cares."""

    pk: Any
    language: str


Authenticate = Callable[[str], Awaitable[Person]]

SSE_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform, private",
    "X-Accel-Buffering": "no",
}


class Headers:
    """The headers of an ASGI scope, by lower-case name."""

    def __init__(self, scope: Scope) -> None:
        self._raw: Iterable[tuple[bytes, bytes]] = scope["headers"]

    def get(self, name: str) -> str:
        """Return all values of a header joined by commas, or an empty string."""
        return self.find(name) or ""

    def find(self, name: str) -> str | None:
        """Return all values of a header joined by commas, or None where it was not sent."""
        wanted = name.encode()
        values = [value.decode("latin-1") for key, value in self._raw if key == wanted]
        return ",".join(values) if values else None


@dataclass(frozen=True)
class EdgeRequest:
    """One request to a route beside Django; `teacher` is signed in."""

    scope: Scope
    teacher: Any  # a teachers.Teacher; infrastructure may not name it
    params: Mapping[str, str]
    body: bytes

    @cached_property
    def headers(self) -> Headers:
        """The request's headers."""
        return Headers(self.scope)


@dataclass(frozen=True)
class EventStream:
    """An answer of server-sent events: whole frames, already encoded."""

    frames: AsyncIterator[bytes]


Handler = Callable[[EdgeRequest], Awaitable[EventStream]]


@dataclass(frozen=True)
class Route:
    """A path beside Django. `path` has OpenAPI's form: `/api/replies/{reply_id}/events`."""

    name: str
    method: str
    path: str
    handler: Handler
    operation: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The path as a regular expression; parameters are anything but a slash."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))


class Edge:
    """An ASGI application: the routes beside Django, and Django for all others.

    While `is_overrun`, requests to the API are told to come back, before they cost anything.
    """

    def __init__(
        self,
        routes: list[Route],
        authenticate: Authenticate,
        django: App,
        is_overrun: Callable[[], bool],
    ) -> None:
        self._routes = routes
        self._authenticate = authenticate
        self._django = django
        self._is_overrun = is_overrun

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        found = [
            (route, match)
            for route in self._routes
            if (match := route.pattern.fullmatch(scope["path"]))
        ]
        headers = Headers(scope)
        if not found and not self._is_refused(scope, headers):
            await self._django(scope, receive, send)
            return
        begin_request(headers.get("x-request-id"))
        started = time.perf_counter()
        meter = Meter(_name_of(found, scope["method"]), scope["method"])
        response = _Response(send, cors_headers(headers.get("origin")), meter)
        with translation.override(accepted_language(headers.get("accept-language")) or "de"):
            try:
                with span(_name_of(found, scope["method"]), "request"):
                    await self._serve(found, scope, headers, receive, response)
            except Exception as error:  # noqa: BLE001 (the edge: every failure gets a body)
                await response.fail(errors.as_eduhu_error(error))
            finally:
                end_request(_name_of(found, scope["method"]), response.status, started)

    def _is_refused(self, scope: Scope, headers: Headers) -> bool:
        if is_too_large(headers) or has_nul(scope):
            return True
        return scope["path"].startswith("/api/") and self._is_overrun()

    async def _serve(
        self,
        found: list[tuple[Route, re.Match[str]]],
        scope: Scope,
        headers: Headers,
        receive: Receive,
        response: "_Response",
    ) -> None:
        check_host(headers.get("host"))
        if is_too_large(headers):
            raise errors.PayloadTooLarge
        if has_nul(scope):
            raise errors.InvalidInput
        if not found:
            raise errors.Unavailable(retry_after=1)
        if scope["method"] == "OPTIONS":
            await response.preflight([route.method for route, _ in found])
            return
        chosen = [(route, match) for route, match in found if route.method == scope["method"]]
        if not chosen:
            raise errors.MethodNotAllowed(route.method for route, _ in found)
        route, match = chosen[0]
        teacher = await self._authenticate(bearer_token(headers.get("authorization")))
        if not accepted_language(headers.get("accept-language")):
            translation.activate(teacher.language)
        logs.know(teacher=teacher.pk)
        body = await _read_body(receive)
        if body and not is_json(headers.get("content-type")):
            raise errors.UnsupportedMediaType
        request = EdgeRequest(scope, teacher, match.groupdict(), body)
        stream = await route.handler(request)
        await response.stream(stream, receive)


def _name_of(found: list[tuple[Route, re.Match[str]]], method: str) -> str:
    """Return the name of the route that answers, also to a method which it does not have."""
    names = [route.name for route, _ in found if route.method == method]
    return [*names, *(route.name for route, _ in found), UNMATCHED][0]


def is_too_large(headers: Headers) -> bool:
    """Whether the body says by itself that it is over `settings.MAX_BODY_BYTES`."""
    declared = headers.get("content-length")
    return declared.isdigit() and int(declared) > settings.MAX_BODY_BYTES


def has_nul(scope: Scope) -> bool:
    """Whether the address holds a NUL character, which PostgreSQL cannot look for."""
    return "\0" in scope["path"] or b"%00" in scope["query_string"]


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise asyncio.CancelledError
        body += message.get("body", b"")
        if len(body) > settings.MAX_BODY_BYTES:
            raise errors.PayloadTooLarge
        if not message.get("more_body"):
            return bytes(body)


class _Response:
    """Sends one answer; whatever happens, it ends."""

    def __init__(self, send: Send, extra: dict[str, str], meter: Meter) -> None:
        self._send = send
        self._meter = meter
        safe = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
        self._headers = {"X-Request-ID": request_id(), **safe, **extra}
        self._started = False
        self.status = 0  # as it counts: a stream that breaks is no success

    async def preflight(self, methods: list[str]) -> None:
        """Answer a CORS preflight."""
        allow = {}
        if "Access-Control-Allow-Origin" in self._headers:
            allow = {
                "Access-Control-Allow-Methods": ", ".join(methods),
                "Access-Control-Allow-Headers": ", ".join(settings.CORS_ALLOW_HEADERS),
                "Access-Control-Max-Age": str(settings.CORS_PREFLIGHT_MAX_AGE),
            }
        await self._start(200, {"Content-Length": "0", **allow})
        await self._end(b"")

    async def fail(self, error: errors.EduhuError) -> None:
        """Answer with a problem body, or end a stream that has begun with an error event."""
        body = errors.problem(error, request_id())
        self.status = error.status
        if self._started:
            frame = {"type": "error", "error": body["error"], "code": body["code"]}
            await self._end(b"data: " + orjson.dumps(frame) + b"\n\n")
            return
        encoded = orjson.dumps(body, default=str)
        headers = {"Content-Type": errors.PROBLEM_TYPE, "Content-Length": str(len(encoded))}
        await self._start(error.status, {**headers, **errors.headers(error)})
        await self._end(encoded)

    async def stream(self, stream: EventStream, receive: Receive) -> None:
        """Send frames as they come, each flushed alone, until the end or the client leaves."""
        await self._start(200, SSE_HEADERS)
        self._meter.opened()
        pump = asyncio.create_task(self._pump(stream.frames), name="sse-pump")
        gone = asyncio.create_task(_disconnected(receive), name="sse-disconnect")
        try:
            await asyncio.wait({pump, gone}, return_when=asyncio.FIRST_COMPLETED)
            if pump.done():
                pump.result()
                await self._end(b"")
        finally:
            self._meter.closed(aborted=not pump.done())
            await _stop(pump, gone)

    async def _pump(self, frames: AsyncIterator[bytes]) -> None:
        async for frame in frames:
            await self._send({"type": "http.response.body", "body": frame, "more_body": True})
            self._meter.event(len(frame))

    async def _start(self, status: int, headers: Mapping[str, str]) -> None:
        self._started, self.status = True, status
        self._meter.answered(status)
        pairs = {**self._headers, **headers}
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in pairs.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def _end(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stop(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def is_json(content_type: str) -> bool:
    """Whether a body calls itself JSON, whatever its parameters."""
    return content_type.partition(";")[0].strip().lower() == "application/json"


def check_host(host: str) -> None:
    """Raise InvalidInput for a host name this installation does not serve."""
    domain, _port = split_domain_port(host)
    if not (domain and validate_host(domain, settings.ALLOWED_HOSTS)):
        raise errors.InvalidInput


def cors_headers(origin: str) -> dict[str, str]:
    """Return the CORS headers for `origin`: none but `Vary` for one that is not on the list."""
    if origin not in settings.CORS_ALLOWED_ORIGINS:
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": ", ".join(settings.CORS_EXPOSE_HEADERS),
    }


def accepted_language(header: str) -> str | None:
    """Return the first of our languages that `Accept-Language` names, or None."""
    for tag, _quality in parse_accept_lang_header(header):
        language = tag.partition("-")[0]
        if language in dict(settings.LANGUAGES):
            return language
    return None


def bearer_token(header: str) -> str:
    """Return the token of an `Authorization` header. Raises NotAuthenticated without one."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise errors.NotAuthenticated
    return token.strip()
