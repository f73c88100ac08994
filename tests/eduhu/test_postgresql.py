"""The pool of connections: waited for while it is busy, not while PostgreSQL is away."""

import threading
import time

import pytest
from django.db import OperationalError, connection

from eduhu.postgresql import outage
from tests.holders import Holders

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.mark.claim(55)
def test_a_busy_pool_is_waited_for():
    with Holders() as holders:
        threading.Timer(2, holders.release).start()
        started = time.monotonic()
        connection.ensure_connection()
        assert time.monotonic() - started > 1.5


@pytest.mark.claim(55)
def test_a_pool_that_stays_busy_is_not_waited_for_longer_than_promised(settings):
    settings.DATABASE_WAIT_SECONDS = 1.0
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
