"""Beat has its whole table or none, and goes on inside the web process after whatever ends it."""

import threading
from types import SimpleNamespace

import pytest
from celery import signals
from django.conf import settings
from django.db import OperationalError, connection

from eduhu import beat
from eduhu.celery import app


class Scheduler:
    """Fails as a database lets it fail: at the start, then in between, then no more."""

    max_interval = 0.01
    errors = ()
    ticking = threading.Event()

    def __init__(self, **_options):
        if len(self.errors) > 1:
            raise self.errors.pop()

    def tick(self):
        if self.errors:
            raise self.errors.pop()
        self.ticking.set()
        return 0.01

    def should_sync(self):
        return False

    def close(self):
        pass


@pytest.fixture
def running(monkeypatch):
    """`begin(*errors)` starts it with a table that fails in these ways, one after the other."""
    monkeypatch.setattr(beat, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(beat, "Scheduler", Scheduler)
    monkeypatch.setattr(Scheduler, "ticking", threading.Event())
    # Where beat is a process of its own, what watches and logs there would begin here for good.
    monkeypatch.setattr(signals.beat_init, "receivers", [])
    embedded = beat.EmbeddedBeat(app)

    def begin(*errors):
        monkeypatch.setattr(Scheduler, "errors", list(reversed(errors)))
        embedded.start()

    yield SimpleNamespace(begin=begin, stop=embedded.stop, thread=embedded._thread)
    embedded.stop()


def test_a_database_that_is_away_delays_tasks_and_no_more(running, caplog):
    running.begin(OperationalError("away"), OperationalError("too busy"), ValueError("odd"))
    assert Scheduler.ticking.wait(10)
    running.stop()
    assert not running.thread.is_alive()
    told = [(r.levelname, r.message) for r in caplog.records if r.name == "eduhu.beat"]
    waits = ("WARNING", "beat waits for its table (OperationalError)")
    assert told == [waits, waits, ("ERROR", "beat ended and begins anew")]


def test_it_ends_also_while_the_database_is_away(running, monkeypatch):
    monkeypatch.setattr(beat, "AGAIN_SECONDS", 60)
    running.begin(*[OperationalError("away")] * 9)
    running.stop()
    assert not running.thread.is_alive()


@pytest.mark.django_db(transaction=True)  # beat closes connections
def test_a_database_that_goes_away_at_the_start_leaves_no_task_out():
    failing = settings.CELERY_BEAT_SCHEDULE["heartbeat"]["task"]

    def fail(execute, sql, params, many, context):
        if "periodictask" in sql and failing in (params or ()):
            raise OperationalError("away")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail), pytest.raises(OperationalError):
        beat.Scheduler(app=app)
    assert set(settings.CELERY_BEAT_SCHEDULE) <= set(beat.Scheduler(app=app).schedule)
