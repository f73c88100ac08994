"""A local stand-in for InstantDB's admin API, over real HTTP, that fails as a test says.

    with instant_server() as server:
        server.script(Fault("lose answer"), Fault("status", status=500))
        server.fault = Fault("status", status=429)   # until it is None again

`server.log` is every request in order, `server.store` what was stored. `stop()` and
`start()` take it away and bring it back on the same port, with all rows.
"""

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.instant_store import Refusal, Store

APP_ID = "11111111-1111-4111-8111-111111111111"
TOKEN = "22222222-2222-4222-8222-222222222222"


@dataclass(frozen=True)
class Fault:
    """How one request fails.

    `status`: answered so, nothing applied. `lose answer`: applied, then the connection
    closes. `cut`: closes at once. `late`: closes at once, and is applied after `seconds`.
    `slow`: answered after `seconds`. `no json`: a page of something else.
    """

    kind: str
    status: int = 500
    hint: Any = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Recorded:
    """A request as it came, and the status of its answer (0: none)."""

    path: str
    body: Any
    status: int
    at: float


class InstantServer:
    """One app; `url` is what `INSTANT_API_URI` takes."""

    def __init__(self) -> None:
        self.store = Store()
        self.permissions: Any = None
        self.status: str | None = None  # "read-only" or "disabled"
        self.fault: Fault | None = None
        self.log: list[Recorded] = []
        self.port = 0
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()
        self._script: deque[Fault] = deque()
        self._http: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def transactions(self) -> list[Recorded]:
        """The calls of `/admin/transact`, in order."""
        return [each for each in self.log if each.path == "/admin/transact"]

    def script(self, *faults: Fault) -> None:
        """Let the next transactions fail, one each."""
        self._script.extend(faults)

    def start(self) -> None:
        """Listen; on the port of before, if there was one."""
        self._http = _Listener(("127.0.0.1", self.port), _Handler)
        self._http.owner = self  # type: ignore[attr-defined]
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=[0.01], daemon=True).start()

    def stop(self) -> None:
        """Refuse connections; rows and log stay."""
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def answer(self, path: str, headers: Any, body: Any) -> tuple[int, Any]:
        """The answer to a request that does not fail."""
        with self.lock:
            try:
                return 200, self._answer(path, headers, body)
            except Refusal as refusal:
                return 400, refusal.body

    def _answer(self, path: str, headers: Any, body: Any) -> Any:
        token = (headers.get("authorization") or "").removeprefix("Bearer ")
        app_id = headers.get("app-id") or (path.split("/")[3:4] or [""])[0]
        if (app_id, token) != (APP_ID, TOKEN):
            raise _unknown_app(app_id, token)
        if path == "/admin/transact":
            self._refuse_when("read-only", "disabled")
            return {"tx-id": self.store.transact(body["steps"])}
        if path == "/admin/query":
            self._refuse_when("disabled")
            return self.store.query(body["query"])
        if path.endswith("/schema/push/apply"):
            self.store.push_schema(body["schema"])
            return {"indexing-jobs": None}
        if path.endswith("/perms"):
            self.permissions = body["code"] if body else self.permissions
            return {"perms": self.permissions, "rules": {"code": self.permissions, "version": 1}}
        if path.endswith("/schema"):
            return {"schema": self.store.pulled_schema()}
        raise KeyError(path)

    def _refuse_when(self, *statuses: str) -> None:
        if self.status in statuses:
            text = (
                f"This app is {'in read-only mode' if self.status == 'read-only' else 'disabled'}."
            )
            raise Refusal(f"app-{self.status}", text, {"status": self.status})

    def fault_for(self, path: str) -> Fault | None:
        """How this request is to fail."""
        if path == "/admin/transact" and self._script:
            return self._script.popleft()
        return self.fault


def _unknown_app(app_id: str, token: str) -> Refusal:
    hint = {
        "args": [{"app-id": app_id, "token": token}],
        "message": "This admin token may be expired or invalid."
        " Or you may have provided an incorrect app ID.",
        "record-type": "app-admin-token",
    }
    return Refusal("record-not-found", "Record not found: app-admin-token", hint)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 50

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # clients may be killed
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        owner: InstantServer = self.server.owner  # type: ignore[attr-defined]
        self._serve(owner, urlsplit(self.path).path, None, owner.fault)

    def do_POST(self) -> None:
        owner: InstantServer = self.server.owner  # type: ignore[attr-defined]
        length = int(self.headers.get("content-length") or 0)
        payload = self.rfile.read(length)
        if not payload or len(payload) < length:
            self.close_connection = True  # the client was killed while it spoke
            return
        body = json.loads(payload)
        path = urlsplit(self.path).path
        with owner.lock:
            owner.in_flight += 1
            owner.most_in_flight = max(owner.most_in_flight, owner.in_flight)
            fault = owner.fault_for(path)
        try:
            self._serve(owner, path, body, fault)
        finally:
            with owner.lock:
                owner.in_flight -= 1

    def _serve(self, owner: InstantServer, path: str, body: Any, fault: Fault | None) -> None:
        def record(status: int) -> None:
            """Before the answer, so that whoever has it finds the request in the log."""
            owner.log.append(Recorded(path, body, status, time.monotonic()))

        kind = fault.kind if fault else ""
        if kind == "status":
            record(fault.status)
            self._send(fault.status, _failure(fault))
            return
        if kind in ("cut", "late"):
            record(0)
            self._hang_up()
            if kind == "late":
                time.sleep(fault.seconds)
                owner.answer(path, self.headers, body)
            return
        if kind == "slow":
            time.sleep(fault.seconds)
        status, answer = owner.answer(path, self.headers, body)
        if kind == "lose answer":
            record(0)
            self._hang_up()
            return
        record(status)
        self._send(status, "<html>" if kind == "no json" else answer)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(2)

    def _send(self, status: int, answer: Any) -> None:
        text = answer if isinstance(answer, str) else json.dumps(answer)
        payload = text.encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing; `log` holds it all."""


def _failure(fault: Fault) -> dict[str, Any]:
    kind = "rate-limited" if fault.status == 429 else "unknown"
    text = "Something went wrong. Sorry about this!"
    return {"type": kind, "message": text, "hint": fault.hint, "trace-id": "0" * 32}


@contextmanager
def instant_server() -> Iterator[InstantServer]:
    """A server that runs for the length of the block."""
    server = InstantServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
