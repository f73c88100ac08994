"""Dropping clients that do not read: daphne's `send()` never waits, so they cost memory.

A stream is dropped when more than `MAX_UNSENT_BYTES` wait for it and do not get
fewer; any connection is dropped when what waits has not got fewer for `STALLED_SECONDS`.
Replies are safe: the client resumes from the position it has.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from daphne.ws_protocol import WebSocketProtocol

logger = logging.getLogger(__name__)

MAX_UNSENT_BYTES = 256 * 1024
STALLED_SECONDS = 10.0
CHECK_SECONDS = 1.0
TRY_AGAIN_LATER = 1013  # WebSocket close code

Connection = Any  # daphne's WebRequest or WebSocketProtocol; both untyped


@dataclass(slots=True)
class _Backlog:
    unsent: int
    since: float


class SlowReaders:
    """Looks at all connections again and again; call `drop` every `CHECK_SECONDS`."""

    def __init__(self) -> None:
        self._backlogs: WeakKeyDictionary[Connection, _Backlog] = WeakKeyDictionary()

    def drop(self, connections: Iterable[Connection]) -> int:
        """Drop those that are too slow; return how many."""
        slow = [connection for connection in connections if self._is_too_slow(connection)]
        for connection in slow:
            _abort(connection)
        if slow:
            logger.warning("slow_reader: %d connections dropped", len(slow))
        return len(slow)

    def _is_too_slow(self, connection: Connection) -> bool:
        unsent = unsent_bytes(connection)
        before = self._backlogs.get(connection)
        if unsent == 0 or before is None or unsent < before.unsent:
            self._backlogs[connection] = _Backlog(unsent, time.monotonic())
            return False
        before.unsent = unsent
        if unsent > MAX_UNSENT_BYTES and _is_stream(connection):
            return True
        return time.monotonic() - before.since >= STALLED_SECONDS


def unsent_bytes(connection: Connection) -> int:
    """Return how many bytes the operating system has not taken yet."""
    transport = _transport(connection)
    if not hasattr(transport, "dataBuffer"):
        return 0
    waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    return waiting


def _transport(connection: Connection) -> Any:
    if isinstance(connection, WebSocketProtocol):
        return connection.transport
    channel = getattr(connection, "channel", None)
    return getattr(channel, "transport", None)


def _is_stream(connection: Connection) -> bool:
    if isinstance(connection, WebSocketProtocol):
        return True
    content_types = connection.responseHeaders.getRawHeaders(b"content-type", [b""])
    return bool(content_types[0].startswith(b"text/event-stream"))


def _abort(connection: Connection) -> None:
    if isinstance(connection, WebSocketProtocol):
        connection.sendCloseFrame(code=TRY_AGAIN_LATER, reasonUtf8=b"too slow")
    _transport(connection).abortConnection()
