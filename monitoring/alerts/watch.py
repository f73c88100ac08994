"""The threads that watch, in every process that serves or works: alive whatever else is dead.

One looks once a second, writes what this process measures, and judges the rules when
it is its turn. The other sends, so that a mail server that hangs delays no judgement.
Both work with a database connection of their own, beside the pool, whose shortage they
are to notice.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from celery import signals
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from eduhu.db import give_back_connection
from eduhu.mirror.background import Background
from eduhu.own_connection import own_connection
from eduhu.pool import pool_state
from monitoring.alerts.deliver import deliver_due, is_any_due
from monitoring.alerts.evaluate import evaluate, report
from monitoring.alerts.models import ProcessSample
from monitoring.alerts.outage import DatabaseOutage
from monitoring.alerts.sample import Sampler
from monitoring.console.series import Reporter

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
DELIVER_SECONDS = 2.0
STOP_SECONDS = 1.0  # what a mail server delays is sent later, by whoever lives then


class Watch:
    """Both threads of one process; `kind` is what the process is for."""

    def __init__(self, kind: str) -> None:
        self._sampler = Sampler(kind)
        self._reporter = Reporter(self._sampler.name)
        self._loops = [
            Background("alerts-watch", self._watch),
            Background("alerts-delivery", _deliver),
        ]

    def start(self) -> None:
        """Begin."""
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """End both, and take back what this process measured."""
        for loop in self._loops:
            loop.stop(STOP_SECONDS)

    def _watch(self, stop: threading.Event) -> None:
        outage, looks = DatabaseOutage(), 0.0
        while not stop.wait(LOOK_SECONDS):
            self._sampler.look()
            looks += LOOK_SECONDS
            if looks >= settings.ALERT_SECONDS:
                looks = 0.0
                _guarded(lambda: self._round(outage))
        _guarded(self._leave)

    def _round(self, outage: DatabaseOutage) -> None:
        sample = self._sampler.sample()  # of the pool, which is not ours in there
        try:
            with own_connection():
                report(self._sampler.name, sample)
                is_ours = evaluate()
                outage.succeeded()
                self._reporter.report(is_ours=is_ours)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("alerts wait for the database: %s", type(error).__name__)
            outage.failed(error)

    def _leave(self) -> None:
        with own_connection():
            ProcessSample.objects.filter(name=self._sampler.name).delete()
            self._reporter.leave()


def _deliver(stop: threading.Event) -> None:
    while not stop.wait(DELIVER_SECONDS):
        _guarded(_deliver_if_due)


def _deliver_if_due() -> None:
    # Each connection beside the pool is a new process of PostgreSQL's: nothing to begin
    # every two seconds only to find that there is nothing to send.
    if _may_be_due():
        with own_connection():
            deliver_due()


def _may_be_due() -> bool:
    state = pool_state()
    if state.waiting or not state.free:
        return True
    try:
        return is_any_due()
    finally:
        give_back_connection()


def _guarded(work: Callable[[], None]) -> None:
    try:
        work()
    except (DatabaseError, InterfaceError):
        pass  # the watch tells of it
    except Exception:
        # Nobody would start the thread again.
        logger.exception("the watch over alerts failed, and goes on")


def watch_celery() -> None:
    """Let workers and beat watch as well, where they are processes of their own."""
    if settings.EMBEDDED_CELERY:
        return
    signals.worker_ready.connect(_start_in_worker, weak=False)
    signals.beat_init.connect(_start_in_beat, weak=False)


def _start_in_worker(**_kwargs: Any) -> None:
    Watch("celery").start()


def _start_in_beat(**_kwargs: Any) -> None:
    Watch("beat").start()
