"""How busy the database connections of this process are, on both engines."""

from dataclasses import dataclass
from typing import cast

from django.conf import settings
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


def is_under_pressure() -> bool:
    """Whether somebody waits here, or the server does as much as one process may ask of it.

    Work that can wait should. Asks PostgreSQL once; SQLite is this process.
    """
    if pool_state().waiting:
        return True
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state = 'active' AND pid <> pg_backend_pid()"
        )
        [active] = cursor.fetchone()
    return bool(active >= settings.DATABASE_POOL_SIZE)
