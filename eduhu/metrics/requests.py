"""Meters of requests, streams and sockets: by the name of their route, never by their path."""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import cast

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from eduhu import metrics

GetResponse = Callable[[HttpRequest], HttpResponseBase]
GetResponseAsync = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

UNMATCHED = "unmatched"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"}
FLUSHED_EVENTS = 16  # counted together: two counters for each event would cost more than it


def request_done(route: str, method: str, status: int, seconds: float) -> None:
    """Count one request when its answer begins."""
    if metrics.IS_ON:
        known = method if method in METHODS else metrics.OTHER
        metrics.REQUESTS.of(route, known, str(status)).observe(seconds)


@sync_and_async_middleware
def measured(get_response: GetResponse | GetResponseAsync) -> object:
    """Count and time what Django serves."""
    if iscoroutinefunction(get_response):

        async def measured_async(request: HttpRequest) -> HttpResponseBase:
            begun = perf_counter()
            response = await cast(GetResponseAsync, get_response)(request)
            _note(request, response, begun)
            return response

        return measured_async

    def measured_sync(request: HttpRequest) -> HttpResponseBase:
        begun = perf_counter()
        response = cast(GetResponse, get_response)(request)
        _note(request, response, begun)
        return response

    return measured_sync


def _note(request: HttpRequest, response: HttpResponseBase, begun: float) -> None:
    if not metrics.IS_ON:
        return
    seconds = perf_counter() - begun
    request_done(route_of(request), request.method or "", response.status_code, seconds)


def route_of(request: HttpRequest) -> str:
    """Return the name of the route that served a request."""
    match = request.resolver_match
    if match is not None:
        return match.view_name if match.url_name else match.route or UNMATCHED
    return "static" if request.path.startswith(settings.STATIC_URL) else UNMATCHED


class Meter:
    """Measures one answer beside Django: a plain one, a stream, or a socket."""

    __slots__ = ("_begun", "_bytes", "_events", "_has_events", "_is_open", "_method", "_route")

    def __init__(self, route: str, method: str) -> None:
        self._route = route
        self._method = method
        self._begun = perf_counter()
        self._events = self._bytes = 0
        self._is_open = self._has_events = False

    def answered(self, status: int) -> None:
        """Note that the answer begins."""
        request_done(self._route, self._method, status, perf_counter() - self._begun)

    def opened(self) -> None:
        """Note that events may follow."""
        if metrics.IS_ON:
            self._is_open = True
            metrics.STREAMS_OPEN.of(self._route).inc()

    def event(self, size: int) -> None:
        """Note an event of `size` bytes."""
        if not self._is_open:
            return
        if not self._has_events:
            self._has_events = True
            metrics.FIRST_EVENTS.of(self._route).observe(perf_counter() - self._begun)
        self._events += 1
        self._bytes += size
        if self._events == FLUSHED_EVENTS:
            self._flush()

    def closed(self, *, aborted: bool) -> None:
        """Note the end; a second call does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        self._flush()
        metrics.STREAMS_OPEN.of(self._route).dec()
        metrics.STREAMS.of(self._route).observe(perf_counter() - self._begun)
        if aborted:
            metrics.STREAM_ABORTS.of(self._route).inc()

    def _flush(self) -> None:
        metrics.STREAM_EVENTS.of(self._route).inc(self._events)
        metrics.STREAM_BYTES.of(self._route).inc(self._bytes)
        self._events = self._bytes = 0
