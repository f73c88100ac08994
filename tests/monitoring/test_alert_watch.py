"""The watch lives in every process, whatever else is dead: Celery, the pool, the database."""

import threading
import time

import pytest
from django.core.cache import caches
from django.db import OperationalError, connection

from eduhu import companions
from eduhu.db import now
from eduhu.own_connection import own_connection
from eduhu.pool import pool_state
from monitoring.alerts import deliver, watch
from monitoring.alerts.models import Alert, Delivery, ProcessSample, Watchkeeping
from monitoring.alerts.outage import DatabaseOutage
from monitoring.alerts.watch import Watch
from tests.holders import Holders

committed = pytest.mark.django_db(transaction=True)  # the watch is a thread


def wait_until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def quick(settings, monkeypatch):
    """Rounds follow each other at once."""
    settings.ALERT_SECONDS = 0.05
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(watch, "DELIVER_SECONDS", 0.02)


@pytest.fixture
def running(quick, transactional_db):
    watch = Watch("web")
    watch.start()
    yield watch
    watch.stop()
    assert not [each for each in threading.enumerate() if each.name.startswith("alerts-")]


@pytest.fixture
def away(settings):
    """Something wrong that any round sees."""
    settings.ALERT_DISK_FREE_PERCENT = 101


@pytest.mark.claim(17)
@committed
def test_it_judges_and_tells_without_celery(away, sink, running):
    wait_until(lambda: sink.received)
    assert sink.received[0].json["rule"] == "disk"
    assert Alert.objects.filter(rule="disk").count() == 1


@pytest.mark.claim(71)
@committed
def test_it_judges_while_all_connections_are_held(away, running, monkeypatch):
    monkeypatch.setattr("monitoring.alerts.rules.SHORT_SECONDS", 0.1)
    with Holders() as holders:
        assert pool_state().free == 0
        with own_connection():
            wait_until(lambda: Alert.objects.filter(rule="connections").exists())
        holders.release()


@committed
def test_its_connection_is_beside_the_pool():
    used = pool_state().used
    with own_connection():
        connection.ensure_connection()
        assert Watchkeeping.load().pk == 1
    assert pool_state().used == used


@committed
def test_it_takes_a_connection_of_its_own_only_for_what_is_due(failing, rounds, sink, monkeypatch):
    taken = []
    beside = watch.own_connection
    monkeypatch.setattr(watch, "own_connection", lambda: taken.append(1) or beside())
    watch._deliver_if_due()
    assert (taken, pool_state().used) == ([], 0)
    failing.signs = {"": "wrong"}
    rounds()
    watch._deliver_if_due()
    assert (len(taken), len(sink.received)) == (1, 1)


@committed
def test_it_says_what_the_process_measures_until_that_ends(quick):
    running = Watch("replies")
    running.start()
    wait_until(ProcessSample.objects.exists)
    row = ProcessSample.objects.get()
    assert row.name.startswith("replies@")
    assert row.numbers["memory"] > 1024 * 1024
    running.stop()
    assert not ProcessSample.objects.exists()


@committed
def test_a_mail_server_that_hangs_delays_no_judgement(quick, away, mails, settings):
    settings.EMAIL_TIMEOUT = 20
    mails.is_hanging.set()
    running = Watch("web")
    running.start()
    try:
        wait_until(lambda: mails.connections)
        before = Watchkeeping.load().evaluated_at
        wait_until(lambda: Watchkeeping.load().evaluated_at > before)
    finally:
        mails.is_released.set()
        running.stop()


@committed
def test_no_failure_ends_it(quick, away, monkeypatch, caplog):
    failures = [OperationalError("gone"), ValueError("a fault of ours")]
    report = watch.report

    def fail_first(*args):
        if failures:
            raise failures.pop()
        report(*args)

    monkeypatch.setattr(watch, "report", fail_first)
    running = Watch("web")
    running.start()
    try:
        wait_until(lambda: Alert.objects.filter(rule="disk").exists())
    finally:
        running.stop()
    assert "the watch over alerts failed, and goes on" in caplog.text


class TestTheDatabaseAway:
    @pytest.fixture
    def outage(self, clock):
        return DatabaseOutage()

    def fail(self, outage, clock, rounds):
        for _ in range(rounds):
            outage.failed(OperationalError("gone"))
            clock.shift(10)

    def test_a_restart_is_no_outage(self, outage, clock, mails, sink, db):
        self.fail(outage, clock, 2)
        outage.succeeded()
        assert (mails.received, sink.received) == ([], [])
        assert not Alert.objects.exists()

    @pytest.mark.claim(17)
    def test_it_is_told_without_it_and_once(self, outage, clock, mails, sink):
        self.fail(outage, clock, 10)
        assert len(mails.received) == 1
        [got] = sink.received
        assert (got.json["rule"], got.json["type"]) == ("database", "alert.begun")

    def test_a_channel_that_takes_nothing_is_tried_again(self, outage, clock, mails, sink):
        sink.status = 500
        self.fail(outage, clock, 3)
        sink.status = 200
        self.fail(outage, clock, 3)
        assert len(mails.received) == 1
        assert len(sink.received) == 2

    def test_when_it_is_back_the_alert_gets_its_row(self, outage, clock, mails, sink, db):
        self.fail(outage, clock, 4)
        outage.succeeded()
        alert = Alert.objects.get()
        assert alert.rule == "database"
        assert (alert.resolved_at - alert.begun_at).total_seconds() == 40
        assert deliver.deliver_due() == 2
        assert sink.received[-1].json["type"] == "alert.resolved"
        outage.succeeded()
        assert Alert.objects.count() == 1
        self.fail(outage, clock, 3)  # and again
        assert len(mails.received) == 3

    def test_of_several_processes_one_tells(self, outage, clock, sink, db):
        other = DatabaseOutage()
        for _ in range(4):
            outage.failed(OperationalError("gone"))
            other.failed(OperationalError("gone"))
            clock.shift(10)
        assert len(sink.received) == 1
        for each in (other, outage):
            each.succeeded()
        assert Alert.objects.count() == 1
        assert Delivery.objects.count() == 1

    def test_without_the_cache_each_tells(self, outage, clock, sink, monkeypatch):
        def gone(*_args):
            raise ConnectionError

        monkeypatch.setattr(type(caches["default"]), "add", gone)
        self.fail(outage, clock, 4)
        assert len(sink.received) == 1


def test_every_process_has_one():
    assert companions._makers.count(Watch) == 1


def test_a_breaker_of_another_process_is_known_here(rounds):
    sample = {"open_for": {"ai:elsewhere": 30.0}}
    ProcessSample.objects.create(name="replies@b:1", numbers=sample, seen_at=now())
    assert rounds() == {("breaker", "ai:elsewhere")}
