"""The reply loop of this process, and the thread-safe door to it.

Actions run in threads; what they commit is told to the loop from here. Where no
engine runs (a command, a Celery worker), nothing happens: the sweep finds the row.
"""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings

from chats.providers.registry import provider
from chats.replies.log import MemoryReplyLog, ReplyLog
from chats.replies.worker import ReplyWorker


class Engine:
    """Log and worker on one event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.log: ReplyLog = MemoryReplyLog(tick=settings.REPLY_TICK_SECONDS)
        self.worker = ReplyWorker(self.log, provider())
        self._task = asyncio.create_task(self.worker.run(), name="reply-worker")

    async def stop(self) -> None:
        """End running replies as interrupted, keeping their text."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.log.close()
        await provider().aclose()


_engine: Engine | None = None


def start() -> Engine:
    """Start this process's engine on the running loop."""
    global _engine
    _engine = Engine()
    return _engine


async def stop() -> None:
    """Stop this process's engine; a second call does nothing."""
    global _engine
    engine, _engine = _engine, None
    if engine is not None:
        await engine.stop()


def log() -> ReplyLog:
    """Return this process's log. Raises RuntimeError where no engine runs."""
    if _engine is None:
        raise RuntimeError("the reply engine is not running")
    return _engine.log


def reply_queued(reply_id: uuid.UUID) -> None:
    """Tell the loop of a new reply; from any thread, after the commit."""
    if engine := _engine:
        _call(engine, engine.worker.wake)


def stop_requested(reply_id: uuid.UUID) -> None:
    """Tell the loop that a reply shall stop; from any thread, after the commit."""
    if engine := _engine:
        _call(engine, engine.worker.request_stop, reply_id)


def _call(engine: Engine, function: Callable[..., None], *args: Any) -> None:
    if not engine.loop.is_closed():
        engine.loop.call_soon_threadsafe(function, *args)
