"""Frames of a stream that leave in the moment they are written.

Twisted asks the event loop to tell when a connection can be written to, is told so in
the next round, writes, and asks not to be told any more: for each small frame more
work than the frame itself. A connection can nearly always be written to at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet import tcp

_Connection: Any = tcp.Server  # its methods have no types


class PromptTransport(_Connection):  # type: ignore[misc]  # see above
    """A connection that can hold what is written, and send it in the same moment."""

    is_holding = False

    def startWriting(self) -> None:
        """Ask the event loop to write, unless it is done here in a moment."""
        if not self.is_holding:
            super().startWriting()

    def send_held(self) -> None:
        """Send what the operating system takes now; the event loop does the rest, as ever."""
        self.is_holding = False
        if not self.connected:
            return
        failure = self.doWrite() if self._has_unsent() else None
        if failure or self._has_unsent() or self.disconnecting:
            super().startWriting()  # what failed will fail there again, and be cleared up

    def _has_unsent(self) -> bool:
        return bool(self._tempDataLen) or len(self.dataBuffer) > self.offset


@contextmanager
def at_once(transport: Any) -> Iterator[None]:
    """Send what is written inside, together and without a detour."""
    if not isinstance(transport, PromptTransport):  # closed, or of another kind
        yield
        return
    transport.is_holding = True
    try:
        yield
    finally:
        transport.send_held()
