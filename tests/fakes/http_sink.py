"""A web server on a free port that keeps what it is sent: webhooks, and envelopes for Sentry."""

import gzip
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def events(self) -> list[dict[str, Any]]:
        """The events of an envelope for Sentry."""
        raw = self.body
        encoding = self.headers.get("content-encoding")
        if encoding == "gzip":
            raw = gzip.decompress(raw)
        elif encoding == "br":  # where the client has found a library for it
            import brotli

            raw = brotli.decompress(raw)
        _head, _, rest = raw.partition(b"\n")
        found = []
        while rest:
            line, _, rest = rest.partition(b"\n")
            if not line:
                continue
            header = json.loads(line)
            length = header.get("length")
            if length is None:
                payload, _, rest = rest.partition(b"\n")
            else:
                payload, rest = rest[:length], rest[length + 1 :]
            if header.get("type") == "event":
                found.append(json.loads(payload))
        return found


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        sink: HttpSink = self.server.sink  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        sink.received.append(Received(self.path, headers, body))
        self.send_response(sink.status)
        if sink.location:
            self.send_header("Location", sink.location)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


class HttpSink:
    """Use it with `with`; `status` is what it answers."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.status = 200
        self.location = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.sink = self  # type: ignore[attr-defined]
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.dsn = f"http://public@127.0.0.1:{self.port}/1"

    def __enter__(self) -> "HttpSink":
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def events(self) -> list[dict[str, Any]]:
        """All events for Sentry, oldest first."""
        return [event for each in self.received for event in each.events()]
