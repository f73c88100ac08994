"""Connections from the pool: worth waiting for while it is busy, not while PostgreSQL is away.

The pool itself lets everybody wait for its whole timeout. With the server away, the
few threads of a process would all stand there, and requests behind them would hang
for a minute before they hear 503. Here they hear it within about a second.
"""

import select
import time
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base, operations
from django.db.utils import OperationalError
from psycopg_pool import PoolTimeout

from eduhu.named_queries import timed
from eduhu.pool import PoolState
from eduhu.postgresql import outage


class DatabaseOperations(operations.DatabaseOperations):
    """Names our compilers, whose writes are told to observers."""

    compiler_module = "eduhu.postgresql.compiler"


class DatabaseWrapper(base.DatabaseWrapper):
    """Gives connections; raises OperationalError soon when the server is away.

    The pool's own timeout should be short: it is waited for again while the pool is
    only busy, for `settings.DATABASE_WAIT_SECONDS` in all.
    """

    ops_class = DatabaseOperations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(timed)

    def pool_state(self) -> PoolState:
        """Return how busy the pool is."""
        stats = self.pool.get_stats()
        # `pool_available` counts only connections that are open and idle, `pool_size` also
        # those that a pool would have which nobody has opened yet.
        used = 0 if self.pool.closed else stats["pool_size"] - stats["pool_available"]
        return PoolState(stats["pool_max"], used, stats["requests_waiting"])

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Take a living connection from the pool."""
        while has_ended(connection := self._taken(conn_params)):
            connection.close()
            self.pool.putconn(connection)  # which makes another one in its place
        return connection

    def _taken(self, conn_params: dict[str, Any]) -> Any:
        if outage.is_known():
            raise OperationalError("PostgreSQL is away")
        end = time.monotonic() + settings.DATABASE_WAIT_SECONDS
        while True:
            try:
                return super().get_new_connection(conn_params)
            except PoolTimeout:
                if outage.is_known() or time.monotonic() >= end:
                    raise


def has_ended(connection: Any) -> bool:
    """Whether the server has closed an idle connection.

    Its socket is then readable. To ask the server, as the pool's own check does, would
    cost a round trip for each use.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
