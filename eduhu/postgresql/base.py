"""Connections from the pool: worth waiting for while it is busy, not while PostgreSQL is away.

The pool itself lets everybody wait for its whole timeout. With the server away, the
few threads of a process would all stand there, and requests behind them would hang
for a minute before they hear 503. Here they hear it within about a second.
"""

import time
from typing import Any

from django.db.backends.postgresql import base, operations
from django.db.utils import OperationalError
from psycopg_pool import PoolTimeout

from eduhu.named_queries import timed
from eduhu.postgresql import outage


class DatabaseOperations(operations.DatabaseOperations):
    """Names our compilers, whose writes are captured for the mirror."""

    compiler_module = "eduhu.postgresql.compiler"


class DatabaseWrapper(base.DatabaseWrapper):
    """Gives connections; raises OperationalError soon when the server is away.

    The pool's own timeout should be short: it is waited for again while the pool is
    only busy, for `outage.BUSY_SECONDS` in all.
    """

    ops_class = DatabaseOperations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(timed)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Take a connection from the pool."""
        if outage.is_known():
            raise OperationalError("PostgreSQL is away")
        end = time.monotonic() + outage.BUSY_SECONDS
        while True:
            try:
                return super().get_new_connection(conn_params)
            except PoolTimeout:
                if outage.is_known() or time.monotonic() >= end:
                    raise
