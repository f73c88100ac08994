"""At most ten statements at once on SQLite, as many as PostgreSQL's pool has connections."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db.utils import OperationalError

from eduhu.pool import PoolState

T = TypeVar("T")


class Slots:
    """Lets `size` callers in at once; the others wait for at most DATABASE_WAIT_SECONDS."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._used = self._waiting = 0
        self._changed = threading.Condition()

    def capped(
        self, execute: Callable[..., T], sql: Any, params: Any, many: bool, context: Any
    ) -> T:
        """Run a statement in a slot (an execute wrapper of Django's).

        Raises OperationalError when none becomes free in time.
        """
        self._take()
        try:
            return execute(sql, params, many, context)
        finally:
            self._give()

    def state(self) -> PoolState:
        """Return how many slots are used, and how many callers wait."""
        with self._changed:
            return PoolState(self._size, self._used, self._waiting)

    def _take(self) -> None:
        with self._changed:
            if self._used == self._size:
                self._wait()
            self._used += 1

    def _wait(self) -> None:
        self._waiting += 1
        try:
            seconds = settings.DATABASE_WAIT_SECONDS
            if not self._changed.wait_for(lambda: self._used < self._size, seconds):
                raise OperationalError("all slots for statements stayed busy")
        finally:
            self._waiting -= 1

    def _give(self) -> None:
        with self._changed:
            self._used -= 1
            self._changed.notify()


slots = Slots(settings.DATABASE_POOL_SIZE)
