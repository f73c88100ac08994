"""Reading only, while operators say so."""

import re
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from eduhu.api import problem_response
from eduhu.errors import Maintenance
from eduhu.switches.state import refuse_in_maintenance

READING = {"GET", "HEAD", "OPTIONS"}
# Whoever wants to read must get in, and stopping makes less work, not more.
ALLOWED = re.compile(r"/api/(auth/.*|realtime/token|replies/[^/]+/cancel)")


@sync_and_async_middleware
def maintenance(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Answer 503 to writes of the API; staff go on working in the admin.

    What stands beside Django asks for itself (`chats/limits.py`).
    """

    def kept(request: HttpRequest) -> Any:  # in an async chain what it returns is awaited
        return get_response(request)

    kept.process_view = _refusal  # type: ignore[attr-defined]  # Django looks for it there
    return markcoroutinefunction(kept) if iscoroutinefunction(get_response) else kept


def _refusal(request: HttpRequest, *_view: Any) -> HttpResponseBase | None:
    path = request.path
    if request.method in READING or not path.startswith("/api/") or ALLOWED.fullmatch(path):
        return None
    try:
        refuse_in_maintenance()
    except Maintenance as error:
        return problem_response(error)
    return None
