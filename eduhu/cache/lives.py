"""Processes that die: what they committed last may never have been told to the caches.

Each process that serves or writes replies says every few seconds that it lives. Who
finds one that has stopped saying so, without a farewell, makes everything in the
caches invalid. That needs Redis; without it the cache dies with its process.
"""

import asyncio
import contextlib
import logging
import secrets
import time

from django.conf import settings
from redis.exceptions import RedisError

from eduhu.cache import invalidation, news, shared
from eduhu.threads import in_thread

logger = logging.getLogger(__name__)

KEY = "eduhu:cache:processes"  # when each was last heard of
BEAT_SECONDS = 5.0
DEAD_SECONDS = 15.0


class Life:
    """The signs of life of this process, and its look at those of others."""

    def __init__(self) -> None:
        self._me = secrets.token_hex(8)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop; without Redis or tiers there is nothing to do."""
        if settings.REDIS_URL and settings.CACHE_TIERS == "on":
            self._task = asyncio.create_task(self._run(), name="cache-life")

    async def stop(self) -> None:
        """Say farewell: nothing more is written here, and all that was is told."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        if not shared.is_all_told():
            return  # an outage: others will find us dead, and tell it for us
        with contextlib.suppress(RedisError, OSError):
            await asyncio.to_thread(news.client().zrem, KEY, self._me)

    async def _run(self) -> None:
        while True:
            try:
                await in_thread(self.beat)()
            except (RedisError, OSError):
                logger.warning("no sign of life could be given", exc_info=True)
            await asyncio.sleep(BEAT_SECONDS)

    def beat(self) -> None:
        """Give a sign of life, and clean up after the dead."""
        redis, now = news.client(), time.time()
        redis.zadd(KEY, {self._me: now})
        dead = redis.zrangebyscore(KEY, 0, now - DEAD_SECONDS)
        if dead:
            logger.warning("%d processes died untold; the caches begin anew", len(dead))
            invalidation.forget_everything()
            redis.zrem(KEY, *dead)  # after it: whoever dies here leaves them to the next
