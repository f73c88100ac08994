"""Transactions of one process wait for each other here, not inside SQLite.

There, a second writer sleeps and looks again, each time longer, up to a tenth of a
second: with fifty questions a second some wait for seconds. Here the next one goes on
in the moment the lock is free. Other processes still wait as SQLite does it.
"""

import threading
from collections import defaultdict
from typing import Any

from django.db.backends.sqlite3 import base, operations

from eduhu.named_queries import timed
from eduhu.pool import PoolState
from eduhu.sqlite.schema import DatabaseSchemaEditor
from eduhu.sqlite.slots import slots

TURN_SECONDS = 20.0  # as long as SQLite itself waits

_turns: defaultdict[Any, threading.Lock] = defaultdict(threading.Lock)  # by database file


class DatabaseOperations(operations.DatabaseOperations):
    """Names our compilers, whose writes are told to observers."""

    compiler_module = "eduhu.sqlite.compiler"


class DatabaseWrapper(base.DatabaseWrapper):
    """Begins a transaction when it is this connection's turn, and gives the turn on at its end."""

    ops_class = DatabaseOperations
    SchemaEditorClass = DatabaseSchemaEditor
    _has_turn = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers += [slots.capped, timed]  # waiting is no part of a query's time

    def pool_state(self) -> PoolState:
        """Return how many statements run and wait."""
        return slots.state()

    def _start_transaction_under_autocommit(self) -> None:
        # Without the turn SQLite decides, and says that the database is locked.
        self._has_turn = self._turn().acquire(timeout=TURN_SECONDS)
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._give_turn()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]  # when this fails, Django rolls back
        self._give_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._give_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._give_turn()

    def _turn(self) -> threading.Lock:
        return _turns[self.settings_dict["NAME"]]

    def _give_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._turn().release()
