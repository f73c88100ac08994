"""What a serving process does for its caches beside requests."""

import asyncio
import contextlib
import logging
from collections.abc import Collection

from django.conf import settings

from eduhu.cache import habits, invalidation, news
from eduhu.cache.counts import store_counts
from eduhu.cache.lives import Life
from eduhu.threads import in_thread

logger = logging.getLogger(__name__)

STORE_SECONDS = 10.0


class CacheLoops:
    """Hears of writes elsewhere, and stores what the tiers have counted."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._life = Life()

    def start(self) -> None:
        """Begin, on the running loop."""
        if settings.CACHE_TIERS == "off":
            return
        invalidation.serve_here()
        self._life.start()
        hear = news.listen if settings.REDIS_URL else news.poll
        self._tasks = [
            asyncio.create_task(hear(_heard), name="cache-news"),
            asyncio.create_task(_count(), name="cache-counts"),
        ]

    async def stop(self) -> None:
        """End, and store what was counted last."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._tasks:
            await _store()
        await self._life.stop()


def _heard(scopes: Collection[str]) -> None:
    if settings.REDIS_URL:
        invalidation.forget_here(scopes)
    else:  # the shared cache is in this process, and the writer has none of ours
        invalidation.forget(scopes)


async def _count() -> None:
    while True:
        await asyncio.sleep(STORE_SECONDS)
        await _store()


def _store_both() -> None:
    store_counts()
    habits.store()


async def _store() -> None:
    try:
        await in_thread(_store_both)()
    except Exception:
        # Numbers for people; the next round may succeed.
        logger.warning("cache counts not stored", exc_info=True)
