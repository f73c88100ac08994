"""Request ids, log fields and error reports: written everywhere, read by monitoring."""

import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import cast

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

REQUEST_ID_HEADER = "X-Request-ID"
_request_id: ContextVar[str] = ContextVar("request_id", default="-")
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")

GetResponse = Callable[[HttpRequest], HttpResponseBase]
GetResponseAsync = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def request_id() -> str:
    """Return the id of the request being served, or `-` outside of one."""
    return _request_id.get()


def begin_request(offered: str) -> str:
    """Set the request id for this context: the client's own if it is harmless, else a new one."""
    value = offered if _ACCEPTABLE.fullmatch(offered) else uuid.uuid4().hex
    _request_id.set(value)
    return value


@sync_and_async_middleware
def request_id_middleware(get_response: GetResponse | GetResponseAsync) -> object:
    """Name every request and tell the client the name."""
    if iscoroutinefunction(get_response):

        async def named_async(request: HttpRequest) -> HttpResponseBase:
            name = begin_request(request.headers.get(REQUEST_ID_HEADER, ""))
            response = await cast(GetResponseAsync, get_response)(request)
            response[REQUEST_ID_HEADER] = name
            return response

        return named_async

    def named(request: HttpRequest) -> HttpResponseBase:
        name = begin_request(request.headers.get(REQUEST_ID_HEADER, ""))
        response = cast(GetResponse, get_response)(request)
        response[REQUEST_ID_HEADER] = name
        return response

    return named


class RequestIdFilter(logging.Filter):
    """Put the request id on every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        record.request_id = request_id()
        return True


def start_sentry() -> None:
    """Start error reports where a DSN is set: named integrations, no personal data."""
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
    )
