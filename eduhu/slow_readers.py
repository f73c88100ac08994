"""What keeps clients that read slowly, or not at all, from costing memory.

daphne's `send()` never waits and takes whatever it is given; ours lets a stream wait
while `ENOUGH_BYTES` are unsent. A connection for which bytes wait is dropped when its
client takes less than `LEAST_BYTES` within `SLOW_READER_SECONDS`. While more than
`CROWDED_BYTES` wait for all clients together, `CROWDED_SECONDS` are enough. Who reads
slowly, but reads, is kept.

To be dropped is to be told so with the code `slow_reader` and to be cut off
`FAREWELL_SECONDS` later: the farewell stands behind what was not read, so only who
reads again meanwhile hears it. Replies are safe, as the client resumes from the
position it has.
"""

import logging
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from eduhu import metrics

logger = logging.getLogger(__name__)

ENOUGH_BYTES = 256 * 1024
LEAST_BYTES = 16 * 1024
CROWDED_BYTES = 64 * 1024 * 1024
CROWDED_SECONDS = 2.0
FAREWELL_SECONDS = 3.0
CHECK_SECONDS = 1.0

Connection = Any  # daphne's WebRequest or WebSocketProtocol; both untyped
Transport = Any  # a tcp.Server of Twisted's; its buffer is private


@dataclass(frozen=True, slots=True)
class _Mark:
    taken: int
    at: float


class SlowReaders:
    """Looks at the connections again and again; call `drop` every `CHECK_SECONDS`.

    `tell` says farewell to a client in the language of its connection.
    """

    def __init__(self, tell: Callable[[Transport], None]) -> None:
        self._tell = tell
        self._marks: dict[Transport, _Mark] = {}
        self._told: dict[Transport, float] = {}

    def drop(self, waiting: Iterable[Transport]) -> int:
        """Drop those of the transports with unsent bytes that are too slow; return how many."""
        transports = list(waiting)
        now, unsent = time.monotonic(), sum(map(unsent_bytes, transports))
        self._told = {each: self._told[each] for each in transports if each in self._told}
        self._cut_off(now)
        self._marks = {each: self._mark(each, now) for each in transports}
        is_crowded = unsent > CROWDED_BYTES
        patience = CROWDED_SECONDS if is_crowded else settings.SLOW_READER_SECONDS
        late = [each for each, mark in self._marks.items() if now - mark.at >= patience]
        slow = [each for each in late if each not in self._told]
        for transport in slow:
            self._told[transport] = now
            self._tell(transport)
        if slow:
            if metrics.IS_ON:
                metrics.SLOW_READERS.of("web").inc(len(slow))
            logger.warning("slow_reader: %d dropped, %d bytes were unsent", len(slow), unsent)
        return len(slow)

    def _cut_off(self, now: float) -> None:
        for transport, moment in self._told.items():
            if now - moment >= FAREWELL_SECONDS:
                transport.abortConnection()

    def _mark(self, transport: Transport, now: float) -> _Mark:
        """Return since when the client has taken next to nothing."""
        taken, mark = taken_bytes(transport), self._marks.get(transport)
        if mark is None or taken - mark.taken >= LEAST_BYTES:
            return _Mark(taken, now)
        return mark


def has_enough(connection: Connection) -> bool:
    """Whether so much is unsent that its application should wait."""
    return unsent_bytes(connection.transport) > ENOUGH_BYTES


def unsent_bytes(transport: Transport) -> int:
    """Return how many bytes the operating system has not taken yet."""
    waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    return waiting


def taken_bytes(transport: Transport) -> int:
    """Return a number that grows with each byte the client takes.

    Linux counts what the client's side has acknowledged. Elsewhere we see only what
    leaves us, in steps as large as the buffer of the operating system.
    """
    if not hasattr(socket, "TCP_INFO"):
        return -unsent_bytes(transport)
    info = transport.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKED.size)
    acknowledged: int = _ACKED.unpack(info)[0]
    return acknowledged


_ACKED = struct.Struct("@120xQ")  # tcpi_bytes_acked of Linux' struct tcp_info
