"""Telling reply workers in other processes what was committed, through Redis.

A message may be lost: the worker's sweep and heartbeat find the rows without it.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

CHANNEL = "eduhu:reply-wakeups"
QUEUED = b"queued"
RETRY_SECONDS = 1.0


@lru_cache(maxsize=1)
def _client() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)


def publish_queued() -> None:
    """Say that a reply was queued."""
    _publish(QUEUED)


def publish_stop(reply_id: uuid.UUID) -> None:
    """Say that a reply shall stop."""
    _publish(reply_id.bytes)


def _publish(message: bytes) -> None:
    try:
        _client().publish(CHANNEL, message)
    except (RedisError, OSError) as error:
        logger.warning("wake-up not sent, the sweep will find the reply", exc_info=error)


async def listen(on_queued: Callable[[], None], on_stop: Callable[[uuid.UUID], None]) -> None:
    """Pass messages on until cancelled; comes back by itself after an outage."""
    redis: AsyncRedis = AsyncRedis.from_url(settings.REDIS_URL, socket_timeout=None)
    try:
        while True:
            try:
                await _listen_once(redis, on_queued, on_stop)
            except (RedisError, OSError) as error:
                logger.warning("wake-ups not heard, sweeping", exc_info=error)
                await asyncio.sleep(RETRY_SECONDS)
    finally:
        await redis.aclose()


async def _listen_once(
    redis: AsyncRedis, on_queued: Callable[[], None], on_stop: Callable[[uuid.UUID], None]
) -> None:
    async with redis.pubsub() as pubsub:
        await pubsub.subscribe(CHANNEL)
        on_queued()  # what was queued while nobody listened
        async for message in pubsub.listen():
            if message["type"] != "message":
                continue
            if message["data"] == QUEUED:
                on_queued()
            elif len(message["data"]) == 16:
                on_stop(uuid.UUID(bytes=message["data"]))
