"""Django behind ASGI with one thread hop for a whole request (decision 0006).

Django's own handler hops for each synchronous piece: its signals, most middleware, the
view, the closing. It makes a thread for each request as well, and its connection with it.
Here middleware, view and all else run where they are at home, in one thread.
"""

from functools import partial
from io import BytesIO
from typing import NamedTuple

from django.core import signals
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import HttpResponseBase
from django.urls import set_script_prefix

from eduhu.edge import Receive, Scope, Send
from eduhu.request_threads import RequestThreads

THREADS = 16  # more than there are database connections, so that who needs none need not wait


class _Answer(NamedTuple):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class DjangoInOneHop(ASGIHandler):
    """An ASGI application: all views of Django, none of which is a stream."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self.threads = RequestThreads(THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await _read(receive)
        if body is None:
            return
        answer = await self.threads.run(partial(self._answer, scope, body))
        start = {"status": answer.status, "headers": answer.headers}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": answer.body})

    def _answer(self, scope: Scope, body: bytes) -> _Answer:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        request, refusal = self.create_request(scope, BytesIO(body))
        response = refusal if request is None else self.get_response(request)
        assert response is not None  # the one or the other is there
        try:
            return _Answer(response.status_code, _headers(response), _body(response))
        finally:
            response.close()  # tells that the request has finished; connections are given back


async def _read(receive: Receive) -> bytes | None:
    """Return the body, which the server caps, or None from a client that left."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _headers(response: HttpResponseBase) -> list[tuple[bytes, bytes]]:
    pairs = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    cookies = [cookie.output(header="").strip() for cookie in response.cookies.values()]
    return pairs + [(b"Set-Cookie", cookie.encode("ascii")) for cookie in cookies]


def _body(response: HttpResponseBase) -> bytes:
    return b"".join(response)
