"""Who sends: one process at a time, over all machines that share the database.

A leader is held with `acquire()`, proven with `confirm()` before each request, and
given up with `release()` or by dying. `wait()` sleeps until something is committed.
"""

import fcntl
import logging
import os
from pathlib import Path
from typing import Any, Protocol

import psycopg
from django.conf import settings
from django.db import connection

from eduhu.mirror import capture

logger = logging.getLogger(__name__)

LOCK = 0x6D6972726F72  # "mirror"; advisory locks are numbers
POLL_SECONDS = 1.0
FILE_POLL_SECONDS = 0.25  # without NOTIFY, polling is all that other processes' writes have


class LostLead(Exception):
    """Somebody else may be sending."""


class Leader(Protocol):
    """The right to send."""

    def acquire(self) -> bool:
        """Take the right, if nobody has it."""

    def confirm(self) -> None:
        """Raise LostLead unless the right is still ours; safe from several threads."""

    def stay(self) -> None:
        """Raise LostLead unless the right is still ours, and forget wake-ups that came."""

    def wait(self) -> None:
        """Sleep until rows may have been committed; at most about a second."""

    def release(self) -> None:
        """Give the right up; calling it again does nothing."""


def make_leader() -> Leader:
    """Return the leader that fits the database."""
    if connection.vendor == "postgresql":
        return PostgresLeader()
    return FileLeader(Path(settings.DATA_DIR) / "mirror.lock")


class PostgresLeader:
    """An advisory lock on a connection of its own, which also listens.

    Not one of the pool: the lock lives and dies with this connection.
    """

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] | None = None

    def acquire(self) -> bool:
        """Take the lock. Raises psycopg.OperationalError when the database is away."""
        link = psycopg.connect(**_connection_parameters(), autocommit=True)
        try:
            row = link.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
            if row is None or not row[0]:
                link.close()
                return False
            link.execute(f"LISTEN {capture.CHANNEL}".encode())
        except BaseException:
            link.close()
            raise
        self._connection = link
        return True

    def confirm(self) -> None:
        """Ask over the connection that holds the lock."""
        if self._connection is None:
            raise LostLead
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error as error:
            raise LostLead from error

    def stay(self) -> None:
        """Read what was notified: unread, it would pile up here and on the server."""
        self._read_notifications(0)

    def wait(self) -> None:
        """Sleep until a NOTIFY comes."""
        self._read_notifications(POLL_SECONDS)

    def _read_notifications(self, seconds: float) -> None:
        if self._connection is None:
            raise LostLead
        try:
            for _each in self._connection.notifies(timeout=seconds, stop_after=1):
                pass
        except psycopg.Error as error:
            raise LostLead from error

    def release(self) -> None:
        """Close the connection, and with it the lock."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _connection_parameters() -> dict[str, Any]:
    """Return what reaches the database of Django, without what only Django understands."""
    parameters = connection.get_connection_params()
    ours = ("cursor_factory", "context", "prepare_threshold")
    return {name: value for name, value in parameters.items() if name not in ours}


class FileLeader:
    """A lock on a file: all processes that share an SQLite file share a machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Lock the file."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def confirm(self) -> None:
        """The system keeps the lock for as long as the file is open."""
        if self._file is None:
            raise LostLead

    def stay(self) -> None:
        """Nothing piles up here."""
        self.confirm()

    def wait(self) -> None:
        """Sleep until this process commits something, or it is time to look."""
        capture.committed.wait(FILE_POLL_SECONDS)
        capture.committed.clear()

    def release(self) -> None:
        """Close the file, and with it the lock."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
