"""How busy the database connections of this process are, on both engines."""

from dataclasses import dataclass
from typing import cast

from django.db import connection


@dataclass(frozen=True, slots=True)
class PoolState:
    """How many may be used at once, how many are, and how many callers wait for one."""

    size: int
    used: int
    waiting: int

    @property
    def free(self) -> int:
        """How many more could be used at once."""
        return self.size - self.used


def pool_state() -> PoolState:
    """Return the state of this moment; nothing is asked of the database."""
    return cast(PoolState, connection.pool_state())  # type: ignore[attr-defined]  # of our back ends
