"""The caches behind limits: counters that hold when Redis is away."""

import logging
import time
from typing import Any, ClassVar

from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

AWAY_SECONDS = 5.0  # how long Redis is left alone after it failed
STRICTNESS = 2  # each use counts twice while counting alone


class LimitCache(RedisCache):
    """Counters in Redis; while it is away, in this process, each use counting twice.

    Every process then counts for itself, so that half the limit keeps a handful of
    processes about as strict together as Redis was. Only what django-ratelimit
    calls is covered: `add`, `incr` and `get`.
    """

    # Django makes a cache object for every thread; what they learned is shared.
    _away_until: ClassVar[dict[str, float]] = {}

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._server = server
        self._alone = LocMemCache(f"alone:{server}", {"OPTIONS": {"MAX_ENTRIES": 100_000}})

    def add(self, key: str, value: int, *args: Any, **kwargs: Any) -> bool:
        """Store a counter unless it is there."""
        return bool(self._ask("add", key, value, *args, alone=STRICTNESS * value, **kwargs))

    def incr(self, key: str, delta: int = 1, **kwargs: Any) -> int:  # type: ignore[override]
        """Count. Raises ValueError for a counter that is not there."""
        return int(self._ask("incr", key, delta, alone=STRICTNESS * delta, **kwargs))

    def get(self, key: str, default: Any = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """Return a counter."""
        return self._ask("get", key, default, alone=default, **kwargs)

    def clear(self) -> None:
        """Forget all counters."""
        self._alone.clear()
        super().clear()

    def _ask(self, method: str, key: str, value: Any, *args: Any, alone: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._away_until.get(self._server, 0):
            try:
                return getattr(super(), method)(key, value, *args, **kwargs)
            except (ConnectionInterrupted, RedisError, OSError) as error:
                self._away_until[self._server] = time.monotonic() + AWAY_SECONDS
                logger.warning("limits are counted in this process", exc_info=error)
        return self._ask_alone(method, key, alone, *args, **kwargs)

    def _ask_alone(self, method: str, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        if method == "incr":
            # The counter may have been made in Redis, before it went away.
            self._alone.add(key, 0, 120)
        return getattr(self._alone, method)(key, value, *args, **kwargs)
