"""The reply log in Redis Streams: any process writes, any process reads.

A piece's stream id is the position after it (`57-0`), so a reader resumes with
the position it has; the ending follows as `57-1`. One writer per process sends the
new text of all its replies in one transaction per tick; one blocking read per
process follows every stream that somebody reads there.

Redis may be away or forget: the row has the text, and readers fill gaps from it.
"""

import asyncio
import logging
import uuid
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

from chats.replies.events import Ending, Piece, Run, ending_from_json, ending_to_json
from chats.replies.feed import Feeds, Reader
from chats.replies.log import Joiner
from chats.replies.tick import Tick
from eduhu.packed_redis import packed

logger = logging.getLogger(__name__)

ABANDONED_SECONDS = 3_600
KEEP_SECONDS = 300  # a reader that comes later finds everything in the row
BLOCK_MS = 5_000
_Entries = list[tuple[bytes, Mapping[bytes, bytes]]]
_Answer = list[tuple[bytes, _Entries]]  # of XREAD, in protocol 2
RETRY_SECONDS = 0.5


@lru_cache(maxsize=4096)  # asked for many times a second
def stream_key(run: Run) -> str:
    """Return the key of the stream of an attempt; on a cluster all share one slot."""
    reply_id, attempt = run
    return f"eduhu:reply:{{log}}:{reply_id}:{attempt}"


class RedisReplyLog:
    """The log for services: both halves, of which a process may use one."""

    def __init__(self, url: str, *, tick: float) -> None:
        # With a socket timeout a blocking read would die silently after it.
        self._redis: Redis = packed(
            Redis.from_url(url, socket_timeout=None, socket_connect_timeout=2, protocol=2)
        )
        self._writer = _Writer(self._redis, tick)
        self._follower = _Follower(self._redis)

    def begin(self, reply_id: uuid.UUID, offset: int = 0, attempt: int = 1) -> None:
        """Start writing an attempt at position `offset`."""
        self._writer.begin(reply_id, offset, attempt)

    def append(self, reply_id: uuid.UUID, text: str) -> None:
        """Add text; the first goes out at once, more within one tick."""
        self._writer.append(reply_id, text)

    async def turn(self) -> None:
        """Wait for the tick."""
        await self._writer.tick.turn()

    def end(self, ending: Ending) -> None:
        """Send what is left and the ending, at once."""
        self._writer.end(ending)

    def reader(self, reply_id: uuid.UUID, attempt: int) -> Reader:
        """Return a reader of any reply, written by any process."""
        return self._follower.feeds.reader((reply_id, attempt))

    def wake_readers(self) -> None:
        """Let every waiting reader return at once."""
        self._follower.feeds.wake_all()

    async def close(self) -> None:
        """Send what is left and close the connections."""
        await self._writer.close()
        await self._follower.close()
        await self._redis.aclose()


class _Writer:
    """Sends what is new, one transaction at a time.

    The first text of a reply and its ending go out at once and alone: were others to go
    with them, many replies that begin and end would leave no tick to join text in.
    """

    def __init__(self, redis: Redis, tick: float) -> None:
        self._redis = redis
        self.tick = Tick(tick, self._send_due)
        self._joiners: dict[uuid.UUID, Joiner] = {}
        self._dirty: set[uuid.UUID] = set()
        self._endings: list[tuple[Piece | None, Ending]] = []
        self._due: set[uuid.UUID] = set()
        self._task: asyncio.Task[None] | None = None

    def begin(self, reply_id: uuid.UUID, offset: int, attempt: int) -> None:
        self._joiners[reply_id] = Joiner(offset, attempt)

    def append(self, reply_id: uuid.UUID, text: str) -> None:
        joiner = self._joiners[reply_id]
        joiner.add(text)
        if joiner.is_fresh:
            self._due.add(reply_id)
            self._schedule()
        else:
            self._dirty.add(reply_id)
            self.tick.ask()

    def end(self, ending: Ending) -> None:
        joiner = self._joiners.pop(ending.reply_id, None)
        self._due.discard(ending.reply_id)
        self._dirty.discard(ending.reply_id)
        self._endings.append((joiner.take() if joiner else None, ending))
        self._schedule()

    def _send_due(self) -> None:
        if self._dirty:
            self._due |= self._dirty
            self._dirty.clear()
            self._schedule()

    def _schedule(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._send_all(), name="reply-log-writer")

    async def _send_all(self) -> None:
        while self._due or self._endings:
            ready, self._due = self._due, set()
            try:
                await self._send(ready)
            except (RedisError, OSError) as error:
                logger.warning("reply log not written, readers use the rows", exc_info=error)
        self._task = None

    async def _send(self, ready: set[uuid.UUID]) -> None:
        endings, self._endings = self._endings, []
        # A transaction: a follower wakes once for all of it, not once for each piece. One
        # piece or ending alone wakes it once anyway.
        last_pieces = [piece for piece, _ending in endings if piece is not None]
        is_many = len(ready) + len(endings) + len(last_pieces) > 1
        pipeline = self._redis.pipeline(transaction=is_many)
        for reply_id in ready:
            joiner = self._joiners[reply_id]
            run, is_first = (reply_id, joiner.attempt), joiner.is_fresh
            if (piece := joiner.take()) is not None:
                _add_piece(pipeline, run, piece)
            if is_first:  # should this process die, nobody else would ever remove it
                pipeline.expire(stream_key(run), ABANDONED_SECONDS)
        for last_piece, ending in endings:
            if last_piece is not None:
                _add_piece(pipeline, ending.run, last_piece)
            _add_ending(pipeline, ending)
        await pipeline.execute(raise_on_error=False)

    async def close(self) -> None:
        self.tick.stop()
        self._send_due()
        if self._task is not None:
            await self._task


def _add_piece(pipeline: Pipeline, run: Run, piece: Piece) -> None:
    pipeline.xadd(stream_key(run), {"t": piece.text}, id=f"{piece.end}-0")


def _add_ending(pipeline: Pipeline, ending: Ending) -> None:
    key = stream_key(ending.run)
    pipeline.xadd(key, {"e": ending_to_json(ending)}, id=f"{ending.offset}-1")
    pipeline.expire(key, KEEP_SECONDS)


class _Follower:
    """One blocking read for all streams that this process reads.

    A new reader wakes the blocked read through a stream of the process' own.
    """

    def __init__(self, redis: Redis) -> None:
        self.feeds = Feeds(on_first_reader=self._wake)
        self._redis = redis
        self._control = f"eduhu:reply-control:{{log}}:{uuid.uuid4()}"
        self._positions: dict[str, str] = {}
        self._wanted: dict[str, Run] = {}
        self._waking: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def _wake(self, run: Run) -> None:
        # Its feed is new: what an earlier reader has seen must be read again.
        self._positions.pop(stream_key(run), None)
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), name="reply-log-follower")
        elif self._waking is None or self._waking.done():
            self._waking = asyncio.create_task(self._ring(), name="reply-log-wake")

    async def _ring(self) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.xadd(self._control, {"w": 1}, maxlen=1, approximate=False)
        pipeline.expire(self._control, KEEP_SECONDS)
        try:
            await pipeline.execute()
        except (RedisError, OSError) as error:
            logger.warning("reply log not reached, readers use the rows", exc_info=error)

    async def _follow(self) -> None:
        while streams := self._streams():
            try:
                answer = await self._redis.xread(streams, block=BLOCK_MS)
            except (RedisError, OSError) as error:
                logger.warning("reply log not read, readers use the rows", exc_info=error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for key, entries in cast(_Answer, answer or []):
                self._take(key.decode(), entries)
        self._task = None

    def _streams(self) -> dict[Any, Any]:
        self._wanted = {stream_key(run): run for run in self.feeds.read_runs()}
        if not self._wanted:
            return {}
        known = self._positions
        self._positions = {key: known.get(key, "0-0") for key in (self._control, *self._wanted)}
        return self._positions

    def _take(self, key: str, entries: _Entries) -> None:
        if key not in self._positions:
            return
        self._positions[key] = entries[-1][0].decode()
        if key == self._control:
            return
        feed = self.feeds.get(self._wanted[key])
        if feed is None:
            return
        for entry_id, fields in entries:
            if (ending := fields.get(b"e")) is not None:
                feed.finish(ending_from_json(ending))
            else:
                text = fields[b"t"].decode()
                feed.add(Piece(int(entry_id.partition(b"-")[0]) - len(text), text))

    async def close(self) -> None:
        tasks = [task for task in (self._task, self._waking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._redis.delete(self._control)
