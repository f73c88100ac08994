"""What of the reply pipeline runs in this process, and the thread-safe door to it.

Without Redis one process does everything: it keeps the log in memory and runs the
worker beside its requests. With Redis the web process only reads the log, and
`manage.py reply_worker` writes it, so that a deploy of the web cuts no reply.

Actions run in threads; what they commit is told to the worker from here. Where
nothing is running, the worker's sweep finds the row.
"""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from django.conf import settings

from chats.providers.registry import provider
from chats.queries import reload_replies
from chats.replies import wakeups
from chats.replies.log import MemoryReplyLog, ReplyLog
from chats.replies.redis_log import RedisReplyLog
from chats.replies.rows import Rows
from chats.replies.worker import ReplyWorker
from eduhu import events


class Engine:
    """A log on one event loop, and the worker where this process has one."""

    def __init__(self, *, has_worker: bool) -> None:
        self.loop = asyncio.get_running_loop()
        self.log = _make_log()
        self.rows = Rows(reload_replies)
        self.worker = ReplyWorker(self.log, provider()) if has_worker else None
        self.is_draining = False
        self._tasks: list[asyncio.Task[None]] = []
        if self.worker is not None:
            self._spawn(self.worker.run(), "reply-worker")
            if settings.REDIS_URL:
                listening = wakeups.listen(self.worker.wake, self.worker.request_stop)
                self._spawn(listening, "reply-wakeups")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def stop(self, *, drain_seconds: float = 0) -> None:
        """Let replies end within `drain_seconds`, then interrupt them, keeping their text."""
        if self.worker is not None:
            await self.worker.drain(drain_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.log.close()
        if self.worker is not None:
            await provider().aclose()


def _make_log() -> ReplyLog:
    if settings.REDIS_URL:
        return RedisReplyLog(settings.REDIS_URL, tick=settings.REPLY_TICK_SECONDS)
    return MemoryReplyLog(tick=settings.REPLY_TICK_SECONDS)


_engine: Engine | None = None


def start(*, has_worker: bool) -> Engine:
    """Start this process's engine on the running loop."""
    global _engine
    _engine = Engine(has_worker=has_worker)
    events.attach(_engine.loop)
    return _engine


async def stop(*, drain_seconds: float = 0) -> None:
    """Stop this process's engine; a second call does nothing."""
    global _engine
    engine, _engine = _engine, None
    if engine is not None:
        await engine.stop(drain_seconds=drain_seconds)
        events.attach(None)


def release_readers() -> None:
    """Let every reader leave with `reconnect`, where replies go on without this process."""
    if _engine is not None and _engine.worker is None:
        _engine.is_draining = True
        _engine.log.wake_readers()


def is_draining() -> bool:
    """Whether readers shall leave and resume at another process."""
    return _engine is not None and _engine.is_draining


def log() -> ReplyLog:
    """Return this process's log. Raises RuntimeError where no engine runs."""
    if _engine is None:
        raise RuntimeError("the reply engine is not running")
    return _engine.log


def rows() -> Rows:
    """Return who looks up rows for readers. Raises RuntimeError where no engine runs."""
    if _engine is None:
        raise RuntimeError("the reply engine is not running")
    return _engine.rows


def reply_queued() -> None:
    """Tell the worker of a new reply; from any thread, after the commit."""
    if settings.REDIS_URL:
        wakeups.publish_queued()
    else:
        _tell_worker(ReplyWorker.wake)


def stop_requested(reply_id: uuid.UUID) -> None:
    """Tell the worker that a reply shall stop; from any thread, after the commit."""
    if settings.REDIS_URL:
        wakeups.publish_stop(reply_id)
    else:
        _tell_worker(ReplyWorker.request_stop, reply_id)


def _tell_worker(message: Callable[..., None], *args: Any) -> None:
    engine = _engine
    if engine is not None and engine.worker is not None and not engine.loop.is_closed():
        engine.loop.call_soon_threadsafe(message, engine.worker, *args)
