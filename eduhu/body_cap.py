"""A cap on request bodies, where they arrive: daphne would keep all of any body first.

What is over the cap is thrown away and the request goes on, so that the client hears
413 instead of a broken connection. Who sends far more is cut off.
"""

from collections.abc import Callable
from typing import Any

CUT_OFF_FACTOR = 16


def cap_body(request: Any, maximum: int) -> None:
    """Let a daphne `WebRequest` keep at most one byte more than `maximum`: enough to refuse it."""
    keep: Callable[[bytes], None] = request.handleContentChunk
    received = 0

    def handle(data: bytes) -> None:
        nonlocal received
        room = maximum + 1 - received
        received += len(data)
        if room > 0:
            keep(data[:room])
        if received > CUT_OFF_FACTOR * maximum:
            request.channel.transport.abortConnection()

    request.handleContentChunk = handle
