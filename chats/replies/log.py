"""The reply log: one writer per reply, any number of readers.

The first text of a reply goes out at once; after that the writer joins what
comes within one tick. Readers forward at once, so one tick is all a token waits.
"""

import asyncio
import uuid
from typing import Protocol

from chats.replies.events import Ending, Piece
from chats.replies.feed import Feeds, Reader
from chats.replies.tick import Tick

KEEP_SECONDS = 60.0


class ReplyLog(Protocol):
    """What the worker writes to and connections read from. One event loop only."""

    def begin(self, reply_id: uuid.UUID, offset: int = 0, attempt: int = 1) -> None:
        """Start writing an attempt at position `offset`; earlier text is in the row."""
        ...

    def append(self, reply_id: uuid.UUID, text: str) -> None:
        """Add text; the first goes out at once, more within one tick."""
        ...

    async def turn(self) -> None:
        """Wait for the tick: what is appended in its turn goes out with it."""
        ...

    def end(self, ending: Ending) -> None:
        """Send what is left and the ending, at once."""
        ...

    def reader(self, reply_id: uuid.UUID, attempt: int) -> Reader:
        """Return a reader of any reply, also of one this log may never hear of."""
        ...

    def wake_readers(self) -> None:
        """Let every waiting reader return at once."""
        ...

    async def close(self) -> None:
        """Send what is left and let go of everything."""
        ...


class Joiner:
    """Joins the text of a reply into pieces."""

    def __init__(self, offset: int, attempt: int) -> None:
        self.offset = offset
        self.attempt = attempt
        self.is_fresh = True
        self._parts: list[str] = []

    def add(self, text: str) -> None:
        """Keep text for the next piece."""
        self._parts.append(text)

    def take(self) -> Piece | None:
        """Return what was kept as one piece, or None when there is nothing."""
        if not self._parts:
            return None
        piece = Piece(self.offset, "".join(self._parts))
        self._parts.clear()
        self.offset = piece.end
        self.is_fresh = False
        return piece


class MemoryReplyLog:
    """The log in process memory: for one process that writes and serves."""

    def __init__(self, *, tick: float, keep: float = KEEP_SECONDS) -> None:
        self._tick = Tick(tick, self._send)
        self._keep = keep
        self._feeds = Feeds()
        self._joiners: dict[uuid.UUID, Joiner] = {}
        self._dirty: set[uuid.UUID] = set()

    def begin(self, reply_id: uuid.UUID, offset: int = 0, attempt: int = 1) -> None:
        """Start writing an attempt at position `offset`."""
        self._feeds.open((reply_id, attempt))
        self._joiners[reply_id] = Joiner(offset, attempt)

    def append(self, reply_id: uuid.UUID, text: str) -> None:
        """Add text; the first goes out at once, more within one tick."""
        joiner = self._joiners[reply_id]
        joiner.add(text)
        if joiner.is_fresh:
            self._flush(reply_id)
            return
        self._dirty.add(reply_id)
        self._tick.ask()

    async def turn(self) -> None:
        """Wait for the tick."""
        await self._tick.turn()

    def _send(self) -> None:
        dirty, self._dirty = self._dirty, set()
        for reply_id in dirty:
            self._flush(reply_id)

    def _flush(self, reply_id: uuid.UUID) -> None:
        joiner = self._joiners[reply_id]
        if (piece := joiner.take()) is not None:
            self._feeds.open((reply_id, joiner.attempt)).add(piece)

    def end(self, ending: Ending) -> None:
        """Send what is left and the ending, at once; late readers find them for a while."""
        reply_id = ending.reply_id
        self._dirty.discard(reply_id)
        if reply_id in self._joiners:
            self._flush(reply_id)
            del self._joiners[reply_id]
        self._feeds.open(ending.run).finish(ending)
        asyncio.get_running_loop().call_later(self._keep, self._feeds.close, ending.run)

    def reader(self, reply_id: uuid.UUID, attempt: int) -> Reader:
        """Return a reader; a reply that nobody writes here stays silent."""
        return self._feeds.reader((reply_id, attempt))

    def wake_readers(self) -> None:
        """Let every waiting reader return at once."""
        self._feeds.wake_all()

    async def close(self) -> None:
        """Stop the tick."""
        self._tick.stop()
