"""How the mirror fares is measured from outside."""

import datetime as dt
import time

import pytest

from eduhu.db import now
from eduhu.mirror import recorder
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
