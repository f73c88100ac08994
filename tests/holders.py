"""Threads that keep the database busy: with all connections of the pool, or all slots."""

import threading

from django.conf import settings
from django.db import connection

SECONDS = 20


class Holders:
    """Holds `count` connections (PostgreSQL) or statements (SQLite) until `release`."""

    def __init__(self, count=settings.DATABASE_POOL_SIZE):
        self._release = threading.Event()
        self._held = threading.Barrier(count + 1)
        self._threads = [threading.Thread(target=self._hold) for _ in range(count)]

    def _hold(self):
        try:
            connection.ensure_connection()
            if connection.vendor == "postgresql":
                self._wait()
            else:
                connection.connection.create_function("wait", 0, self._wait)
                connection.cursor().execute("SELECT wait()")
        finally:
            connection.close()

    def _wait(self):
        self._held.wait(SECONDS)
        self._release.wait(SECONDS)

    def __enter__(self):
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()  # a thread of an earlier test may have died with one of its ten
        for thread in self._threads:
            thread.start()
        self._held.wait(SECONDS)
        return self

    def release(self):
        self._release.set()

    def __exit__(self, *_):
        self.release()
        for thread in self._threads:
            thread.join()
