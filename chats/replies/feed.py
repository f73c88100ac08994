"""What readers of this process see of live replies: pieces in order, then an ending.

A feed is filled by the writer in the same process, or by the one blocking read
that follows the log for all readers of the process.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from types import TracebackType
from typing import Self

from chats.replies.events import Ending, Piece, Run


@dataclass(eq=False)
class Feed:
    """The pieces of one reply that this process has seen."""

    pieces: list[Piece] = field(default_factory=list)
    ending: Ending | None = None
    readers: int = 0
    _waiting: set["asyncio.Future[None]"] = field(default_factory=set)

    @property
    def end(self) -> int:
        """The position after the last piece."""
        return self.pieces[-1].end if self.pieces else 0

    def add(self, piece: Piece) -> None:
        """Take a piece and wake the readers; one that is known already is left out."""
        if self.pieces and piece.end <= self.end:
            return
        self.pieces.append(piece)
        self.wake()

    def finish(self, ending: Ending) -> None:
        """Take the ending and wake the readers."""
        self.ending = ending
        self.wake()

    def wake(self) -> None:
        """Let every waiting reader look again."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    def after(self, offset: int) -> list[Piece]:
        """Return the pieces that end after `offset`; the first is cut if it begins before."""
        pieces = self.pieces[bisect_right(self.pieces, offset, key=lambda piece: piece.end) :]
        if pieces and pieces[0].offset < offset:
            first = pieces[0]
            pieces[0] = Piece(offset, first.text[offset - first.offset :])
        return pieces

    async def changed(self, timeout: float) -> None:
        """Wait for news, at most `timeout` seconds."""
        loop = asyncio.get_running_loop()
        news: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(timeout, _settle, news)
        self._waiting.add(news)
        try:
            await news
        finally:
            timer.cancel()
            self._waiting.discard(news)


def _settle(news: "asyncio.Future[None]") -> None:
    if not news.done():
        news.set_result(None)


def _without_hole(pieces: list[Piece]) -> list[Piece]:
    for number, (before, piece) in enumerate(pairwise(pieces), 1):
        if piece.offset != before.end:
            return pieces[:number]
    return pieces


class Feeds:
    """The feeds of a process. A feed is kept while somebody writes or reads it.

    Each attempt has its own: a worker that was thought dead may still write an old one.
    """

    def __init__(self, on_first_reader: Callable[[Run], None] | None = None) -> None:
        self._feeds: dict[Run, Feed] = {}
        self._written: set[Run] = set()
        self._on_first_reader = on_first_reader

    def get(self, run: Run) -> Feed | None:
        """Return the feed of a reply that is written or read here."""
        return self._feeds.get(run)

    def read_runs(self) -> list[Run]:
        """Return the attempts that somebody reads here."""
        return [run for run, feed in self._feeds.items() if feed.readers]

    def open(self, run: Run) -> Feed:
        """Return the feed to write to; it is kept until `close`."""
        self._written.add(run)
        return self._feeds.setdefault(run, Feed())

    def close(self, run: Run) -> None:
        """Forget a feed as soon as nobody reads it."""
        self._written.discard(run)
        self._drop_unused(run)

    def _drop_unused(self, run: Run) -> None:
        feed = self._feeds.get(run)
        if feed is not None and not feed.readers and run not in self._written:
            del self._feeds[run]

    def reader(self, run: Run) -> "Reader":
        """Return a reader of a reply; use it with `with`."""
        return Reader(self, run)

    def wake_all(self) -> None:
        """Let every waiting reader look up."""
        for feed in self._feeds.values():
            feed.wake()

    def _enter(self, run: Run) -> Feed:
        feed = self._feeds.setdefault(run, Feed())
        feed.readers += 1
        if feed.readers == 1 and self._on_first_reader is not None:
            self._on_first_reader(run)
        return feed

    def _leave(self, run: Run, feed: Feed) -> None:
        feed.readers -= 1
        self._drop_unused(run)


class Reader:
    """One reader of one attempt at a reply."""

    def __init__(self, feeds: Feeds, run: Run) -> None:
        self._feeds = feeds
        self._run = run

    def __enter__(self) -> Self:
        self._feed = self._feeds._enter(self._run)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._feeds._leave(self._run, self._feed)

    async def after(self, offset: int, timeout: float) -> tuple[list[Piece], Ending | None]:
        """Return what is known after `offset`, waiting for it at most `timeout` seconds.

        The first piece may begin later than `offset`: then some text was lost on the
        way here, and the row has it. Each other piece follows on the one before. The
        ending comes only when all text before it is known.
        """
        if not self._news(offset):
            await self._feed.changed(timeout)
        pieces = _without_hole(self._feed.after(offset))
        reached = pieces[-1].end if pieces else offset
        ending = self._feed.ending
        return pieces, ending if ending is not None and reached >= ending.offset else None

    def _news(self, offset: int) -> bool:
        ending = self._feed.ending
        return self._feed.end > offset or (ending is not None and offset >= ending.offset)
