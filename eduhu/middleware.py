"""Middleware of our own, native to async like the handlers around it."""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

GetResponse = Callable[[HttpRequest], HttpResponseBase]
GetResponseAsync = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def private_answers(get_response: GetResponse | GetResponseAsync) -> object:
    """Keep what the API answers out of shared caches, and stale copies out of browsers."""
    if iscoroutinefunction(get_response):

        async def private_async(request: HttpRequest) -> HttpResponseBase:
            return _private(request, await cast(GetResponseAsync, get_response)(request))

        return private_async

    def private(request: HttpRequest) -> HttpResponseBase:
        return _private(request, cast(GetResponse, get_response)(request))

    return private


def _private(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if request.path.startswith("/api/") and "Cache-Control" not in response:
        response["Cache-Control"] = "private, no-cache"
    return response
