"""The reply log in process memory: one writer, any number of readers.

The first text of a reply goes out at once; after that the writer joins what
comes within one tick. Readers forward at once, so one tick is all a token waits.
"""

import asyncio
import uuid
from bisect import bisect_right
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from chats.replies.events import Ending, Heartbeat, Piece, ReplyEvent
from eduhu.errors import InvalidInput

_CLAIM_SECONDS = 1.0


class NotInLog(LookupError):
    """The log does not hold that reply from that position; the row may."""


@dataclass(eq=False)
class _Entry:
    base: int
    length: int
    pieces: list[Piece] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    ending: Ending | None = None
    is_claimed: bool = False
    readers: set["asyncio.Future[bool]"] = field(default_factory=set)

    def flush(self) -> None:
        """Join what is pending into one piece and wake the readers."""
        if self.pending:
            piece = Piece(self.length, "".join(self.pending))
            self.pending.clear()
            self.pieces.append(piece)
            self.length = piece.end
        self.wake()

    def wake(self) -> None:
        for reader in self.readers:
            if not reader.done():
                reader.set_result(True)
        self.readers.clear()

    def after(self, offset: int) -> list[Piece]:
        """Return the pieces after `offset`; the first is cut when it begins before."""
        index = bisect_right(self.pieces, offset, key=lambda piece: piece.end)
        pieces = self.pieces[index:]
        if pieces and pieces[0].offset < offset:
            cut = offset - pieces[0].offset
            pieces[0] = Piece(offset, pieces[0].text[cut:])
        return pieces

    async def changed(self, timeout: float) -> bool:
        """Wait for news; False when there were none for `timeout` seconds."""
        loop = asyncio.get_running_loop()
        news: asyncio.Future[bool] = loop.create_future()
        timer = loop.call_later(timeout, _settle, news)
        self.readers.add(news)
        try:
            return await news
        finally:
            timer.cancel()
            self.readers.discard(news)


def _settle(news: "asyncio.Future[bool]") -> None:
    if not news.done():
        news.set_result(False)


class MemoryReplyLog:
    """Holds live replies, and ended ones for `keep` seconds more. One event loop only."""

    def __init__(self, *, tick: float, keep: float = 60.0) -> None:
        self._tick = tick
        self._keep = keep
        self._entries: dict[uuid.UUID, _Entry] = {}
        self._dirty: set[_Entry] = set()
        self._timer: asyncio.TimerHandle | None = None

    def expect(self, reply_id: uuid.UUID) -> None:
        """Let readers wait for a reply that was just queued."""
        self._entries.setdefault(reply_id, _Entry(base=0, length=0))
        asyncio.get_running_loop().call_later(self._keep, self._forget_unclaimed, reply_id)

    def _forget_unclaimed(self, reply_id: uuid.UUID) -> None:
        entry = self._entries.get(reply_id)
        if entry is not None and not entry.is_claimed:
            del self._entries[reply_id]

    def begin(self, reply_id: uuid.UUID) -> None:
        """Start writing a reply."""
        entry = self._entries.setdefault(reply_id, _Entry(base=0, length=0))
        entry.is_claimed = True
        entry.wake()

    def append(self, reply_id: uuid.UUID, text: str) -> None:
        """Add text; the first goes out at once, more within one tick."""
        entry = self._entries[reply_id]
        entry.pending.append(text)
        if not entry.pieces:
            entry.flush()
            return
        self._dirty.add(entry)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._tick, self._flush)

    def _flush(self) -> None:
        self._timer = None
        dirty, self._dirty = self._dirty, set()
        for entry in dirty:
            entry.flush()

    def end(self, ending: Ending) -> None:
        """Send what is left and the ending, at once."""
        entry = self._entries.get(ending.reply_id)
        if entry is None:
            return
        self._dirty.discard(entry)
        entry.ending = ending
        entry.flush()
        loop = asyncio.get_running_loop()
        loop.call_later(self._keep, self._entries.pop, ending.reply_id, None)

    async def follow(
        self, reply_id: uuid.UUID, offset: int, *, heartbeat: float
    ) -> AsyncIterator[ReplyEvent]:
        """Yield what comes after `offset`, up to and with the ending.

        Yields a Heartbeat after `heartbeat` seconds of silence. Raises NotInLog, and
        InvalidInput for a position the reply has not reached.
        """
        entry = self._entries.get(reply_id)
        if entry is None or offset < entry.base:
            raise NotInLog
        if offset > entry.length:
            raise InvalidInput
        while not entry.is_claimed:
            if not await entry.changed(_CLAIM_SECONDS) and not entry.is_claimed:
                raise NotInLog  # another process may have it
        while True:
            for piece in entry.after(offset):
                offset = piece.end
                yield piece
            if entry.ending is not None and offset >= entry.length:
                yield entry.ending
                return
            if not await entry.changed(heartbeat):
                yield Heartbeat()
