"""The pool of connections: waited for while it is busy, not while PostgreSQL is away."""

import threading
import time

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from eduhu.postgresql import outage

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


class Holders:
    """Threads that hold every connection of the pool until `release`."""

    def __init__(self):
        self._release = threading.Event()
        self._held = threading.Barrier(settings.DATABASE_POOL_SIZE + 1)
        self._threads = [
            threading.Thread(target=self._hold) for _ in range(settings.DATABASE_POOL_SIZE)
        ]

    def _hold(self):
        try:
            connection.ensure_connection()
            self._held.wait(20)
            self._release.wait(20)
        finally:
            connection.close()

    def __enter__(self):
        connection.close()
        connection.close_pool()  # a thread of an earlier test may have died with one of its ten
        for thread in self._threads:
            thread.start()
        self._held.wait(20)
        return self

    def release(self):
        self._release.set()

    def __exit__(self, *_):
        self.release()
        for thread in self._threads:
            thread.join()


@pytest.mark.claim(55)
def test_a_busy_pool_is_waited_for():
    with Holders() as holders:
        threading.Timer(2, holders.release).start()
        started = time.monotonic()
        connection.ensure_connection()
        assert time.monotonic() - started > 1.5


@pytest.mark.claim(55)
def test_a_pool_that_stays_busy_is_not_waited_for_longer_than_promised(monkeypatch):
    monkeypatch.setattr(outage, "BUSY_SECONDS", 1.0)
    with Holders():
        started = time.monotonic()
        with pytest.raises(OperationalError):
            connection.ensure_connection()
        assert 0.9 < time.monotonic() - started < 3


def test_nobody_waits_for_a_server_that_is_known_to_be_away(monkeypatch):
    connection.close()
    monkeypatch.setattr(outage, "_noticed", time.monotonic())
    started = time.monotonic()
    with pytest.raises(OperationalError):
        connection.ensure_connection()
    assert time.monotonic() - started < 0.1
    monkeypatch.setattr(outage, "_noticed", time.monotonic() - outage.KNOWN_SECONDS)
    connection.ensure_connection()
