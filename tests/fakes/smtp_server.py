"""A mail server on a free port: it takes mails, or refuses them, or hangs."""

import email
import socketserver
import threading
from email.message import EmailMessage
from email.policy import default
from typing import Any


class _Handler(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        mails: SmtpServer = self.server.mails
        mails.connections += 1
        if mails.is_hanging.is_set():
            mails.is_released.wait(30)
            return
        self._say("220 mail.example")
        body: list[bytes] | None = None
        while line := self.rfile.readline():
            if body is not None:
                if line == b".\r\n":
                    mails.received.append(email.message_from_bytes(b"".join(body), policy=default))
                    body = None
                    self._say("250 taken")
                else:
                    body.append(line.removeprefix(b".") if line.startswith(b"..") else line)
                continue
            verb = line[:4].upper()
            if verb == b"DATA":
                body = []
                self._say("354 go on")
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            elif verb == b"MAIL" and mails.refuses:
                self._say("451 not now")
            else:
                self._say("250 fine")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class SmtpServer:
    """Use it with `with`; `received` are the mails it took."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.connections = 0
        self.refuses = False
        self.is_hanging = threading.Event()
        self.is_released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.mails = self  # type: ignore[attr-defined]
        self.port = self._server.server_address[1]

    def __enter__(self) -> "SmtpServer":
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.is_released.set()
        self._server.shutdown()
        self._server.server_close()
