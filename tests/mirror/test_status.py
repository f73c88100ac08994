"""How the mirror fares is measured from outside, and what is wrong is told once."""

import datetime as dt
import logging
import threading
import time

import pytest

from eduhu.db import now
from eduhu.mirror import alerts, recorder
from eduhu.mirror.alerts import Watch
from eduhu.mirror.models import MirrorState, OutboxEntry
from eduhu.mirror.outbox import Pending, park
from eduhu.mirror.recorder import Recorder
from eduhu.mirror.status import measure
from tests.factories import make_chat

pytestmark = pytest.mark.django_db


def make_older(seconds):
    OutboxEntry.objects.update(created_at=now() - dt.timedelta(seconds=seconds))


def park_all(reason="too long"):
    for entry in OutboxEntry.objects.all():
        park(Pending(entry.table, entry.row_id, (entry.pk,)), reason)


@pytest.fixture
def told(caplog):
    """What the alerts have said since it was last asked."""
    caplog.set_level(logging.INFO, logger="eduhu.mirror.alerts")

    def take():
        alerts.tell()
        lines = [(each.levelname, each.getMessage()) for each in caplog.records]
        caplog.clear()
        return lines

    return take


def test_lag_is_measured_while_no_drain_lives(mirror_on, teacher):
    make_chat(teacher)
    make_older(90)
    make_chat(teacher)
    status = measure()
    assert status.lag == pytest.approx(90, abs=2)
    assert (status.depth, status.parked, status.is_led) == (2, 0, False)


def test_parked_entries_do_not_count_as_lag(mirror_on, teacher):
    make_chat(teacher)
    make_older(90)
    park_all()
    status = measure()
    assert (status.lag, status.depth, status.parked) == (0.0, 0, 1)


def test_measuring_takes_four_queries_however_much_waits(
    mirror_on, teacher, django_assert_num_queries
):
    MirrorState.load()
    for _ in range(2):
        for _number in range(10):
            make_chat(teacher)
        with django_assert_num_queries(4):
            measure()


def test_rows_are_counted_by_minute_for_an_hour(db, monkeypatch):
    clock = [600_000 * 60.0]
    monkeypatch.setattr(recorder.time, "time", lambda: clock[0])
    first = Recorder()
    first.begin()
    for rows in range(70):
        first.sent(rows)
        clock[0] += 60
    first._looked_at = float("-inf")
    first.beat()
    assert [rows for _minute, rows in MirrorState.load().sent_per_minute] == list(range(10, 70))
    successor = Recorder()
    successor.begin()
    clock[0] -= 60
    successor.sent(5)
    assert successor._news["sent_per_minute"][-1] == (600_069, 74)


def test_only_minutes_of_the_last_hour_are_shown(db):
    running = int(time.time() // 60)
    minutes = [[running - 60, 1], [running - 59, 2], [running - 1, 3]]
    MirrorState.write(sent_per_minute=minutes)
    status = measure()
    assert len(status.rows_per_minute) == 60
    assert status.rows_last_hour in (3, 5)  # a minute may have passed meanwhile


def test_a_silent_leader_leads_no_more(db):
    Recorder().begin()
    assert measure().is_led
    for seconds in (-30, 3600):  # or the clock was set back
        MirrorState.write(seen_at=now() + dt.timedelta(seconds=seconds))
        assert not measure().is_led


def test_lag_is_told_when_it_begins_and_when_it_ends(mirror_on, teacher, told):
    assert told() == []
    make_chat(teacher)
    make_older(90)
    [(level, line)] = told()
    assert level == "ERROR"
    assert "90 s" in line or "91 s" in line
    assert told() == []
    OutboxEntry.objects.all().delete()
    assert told() == [("ERROR", "The mirror has caught up")]
    assert told() == []


def test_parked_rows_are_told(mirror_on, teacher, told):
    make_chat(teacher)
    park_all()
    assert told() == [("ERROR", "InstantDB refuses rows, they are parked: 1")]
    make_chat(teacher)
    park_all()
    assert told() == []  # it is still the same state
    OutboxEntry.objects.all().delete()
    assert told() == [("ERROR", "No row is parked any more")]


def test_of_two_processes_that_look_at_once_one_tells(mirror_on, teacher, told, monkeypatch):
    make_chat(teacher)
    park_all()
    seen_by_both = measure()
    monkeypatch.setattr(alerts, "measure", lambda: seen_by_both)
    assert len(told()) == 1
    assert told() == []


@pytest.mark.django_db(transaction=True)
def test_a_watch_outlives_an_outage_of_the_database(caplog, monkeypatch):
    monkeypatch.setattr(alerts, "WATCH_SECONDS", 0.02)
    failures = [alerts.DatabaseError("gone")]
    tell = alerts.tell

    def fail_once():
        if failures:
            raise failures.pop()
        tell()

    monkeypatch.setattr(alerts, "tell", fail_once)
    MirrorState.write(is_closed=True, failure="app-read-only", paused_at=now())
    watch = Watch()
    watch.start()
    try:
        end = time.monotonic() + 5
        while MirrorState.load().alerts != "closed":
            assert time.monotonic() < end
            time.sleep(0.02)
    finally:
        watch.stop()
    assert "mirror-watch" not in {thread.name for thread in threading.enumerate()}
    assert "InstantDB takes nothing, everything waits: app-read-only" in caplog.messages
