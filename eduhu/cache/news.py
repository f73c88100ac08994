"""What other processes wrote: over Redis at once, or from a table within a second."""

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Collection
from functools import lru_cache

import orjson
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from eduhu.cache.models import CacheInvalidation
from eduhu.cache.versions import CHANNEL, ME
from eduhu.db import now
from eduhu.threads import in_thread

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
RETRY_SECONDS = 1.0
KEPT = dt.timedelta(minutes=1)

Forget = Callable[[Collection[str]], None]


@lru_cache(maxsize=1)
def client() -> Redis:
    """Return a client that gives up after half a second."""
    return Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)


async def listen(forget: Forget) -> None:
    """Forget what others tell of, until cancelled; comes back by itself after an outage."""
    redis: AsyncRedis = AsyncRedis.from_url(settings.REDIS_URL, socket_timeout=None)
    try:
        while True:
            try:
                await _listen_once(redis, forget)
            except (RedisError, OSError) as error:
                logger.warning("writes of other processes are not heard", exc_info=error)
                await asyncio.sleep(RETRY_SECONDS)
    finally:
        await redis.aclose()


async def _listen_once(redis: AsyncRedis, forget: Forget) -> None:
    async with redis.pubsub() as pubsub:
        await pubsub.subscribe(CHANNEL)
        async for message in pubsub.listen():
            if message["type"] == "message":
                sender, *scopes = orjson.loads(message["data"])
                if sender != ME:
                    forget(scopes)


def write_down(connection: BaseDatabaseWrapper, scopes: Collection[str]) -> None:
    """Leave a note for the process that serves, in the current transaction."""
    CacheInvalidation.objects.using(connection.alias).create(scopes=sorted(scopes))


async def poll(forget: Forget) -> None:
    """Forget what commands of other processes have written down, until cancelled."""
    seen: set[int] = set()
    while True:
        try:
            seen = await in_thread(_forget_new)(seen, forget)
        except Exception:
            # The database is away; process memory forgets by itself.
            logger.warning("writes of other processes are not heard", exc_info=True)
        await asyncio.sleep(POLL_SECONDS)


def _forget_new(seen: set[int], forget: Forget) -> set[int]:
    """Forget what is new in the table; return all that is in it.

    Ids may be committed out of order, so those that were seen are remembered.
    """
    notes = dict(CacheInvalidation.objects.values_list("id", "scopes"))
    for number in notes.keys() - seen:
        forget(notes[number])
    if seen and not notes.keys() - seen:
        CacheInvalidation.objects.filter(created_at__lt=now() - KEPT).delete()
    return set(notes)
