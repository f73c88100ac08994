"""Request ids, how requests end, and error reports: written everywhere, read by monitoring."""

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from opentelemetry.trace import Span

from eduhu import logs, outcomes
from eduhu.tracing import span

logger = logging.getLogger(__name__)

REQUEST_ID_HEADER = "X-Request-ID"
UNKNOWN_ROUTE = "unmatched"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")

GetResponse = Callable[[HttpRequest], HttpResponseBase]
GetResponseAsync = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def request_id() -> str:
    """Return the id of the request being served, or `-` outside of one."""
    return logs.known().get("request_id", "-")


def begin_request(offered: str) -> str:
    """Set the request id for this context: the client's own if it is harmless, else a new one."""
    outcomes.is_wanted.set(False)
    value = offered if _ACCEPTABLE.fullmatch(offered) else uuid.uuid4().hex
    logs.forget()
    logs.know(request_id=value)
    return value


def end_request(route: str, status: int, started: float) -> None:
    """Count a request of `route` (its name, never its path), begun at `started`, and log it."""
    outcomes.note(route, status)
    seconds = time.perf_counter() - started
    logger.info("%s %d in %.0f ms", route, status, seconds * 1000)


@sync_and_async_middleware
def request_id_middleware(get_response: GetResponse | GetResponseAsync) -> object:
    """Name every request, tell the client the name, and note how it ends."""
    if iscoroutinefunction(get_response):

        async def named_async(request: HttpRequest) -> HttpResponseBase:
            name, started = _begin(request)
            with span(request.method or "?", "request") as current:
                response = await cast(GetResponseAsync, get_response)(request)
                return _ended(request, response, name, started, current)

        return named_async

    def named(request: HttpRequest) -> HttpResponseBase:
        name, started = _begin(request)
        with span(request.method or "?", "request") as current:
            response = cast(GetResponse, get_response)(request)
            return _ended(request, response, name, started, current)

    return named


def _begin(request: HttpRequest) -> tuple[str, float]:
    return begin_request(request.headers.get(REQUEST_ID_HEADER, "")), time.perf_counter()


def _ended(
    request: HttpRequest, response: HttpResponseBase, name: str, started: float, current: Span
) -> HttpResponseBase:
    response[REQUEST_ID_HEADER] = name
    match = request.resolver_match
    route = match.view_name if match else UNKNOWN_ROUTE
    current.update_name(route)
    end_request(route, response.status_code, started)
    return response


def start_sentry() -> None:
    """Start error reports where a DSN is set: named integrations, nothing that teachers write."""
    if not settings.SENTRY_DSN:
        return
    import sentry_sdk
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.django import DjangoIntegration

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        environment=settings.ENVIRONMENT,
        # Auto-enabling imports every SDK it knows: 57 MB and a second of start.
        auto_enabling_integrations=False,
        integrations=[DjangoIntegration(), CeleryIntegration()],
        include_local_variables=False,
        max_request_body_size="never",  # it holds what teachers write
        before_send=cast(Any, _without_words),  # its type is one of Sentry's own dictionaries
    )


def _without_words(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any]:
    """Take from an event what may hold words of teachers, and add what finds the log."""
    request = event.get("request", {})
    for name in ("query_string", "cookies", "data", "headers"):
        request.pop(name, None)
    request["url"] = str(request.get("url", "")).partition("?")[0]
    for error in event.get("exception", {}).get("values", []):
        error["value"] = logs.harmless_text(str(error.get("value", "")), str(error.get("type")))
    event["tags"] = {**event.get("tags", {}), **logs.context()}
    return event
