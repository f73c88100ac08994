"""Loading what is likely asked for next, before it is.

Who reads in the coming hours by habit comes first, then who reads most. The work is
bounded in teachers and seconds, and leaves a busy database alone.
"""

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from eduhu.cache import habits, tiers
from eduhu.cache.tiers import Read, SharedCacheAway
from eduhu.db import now
from eduhu.errors import NotFound
from eduhu.pool import is_under_pressure

logger = logging.getLogger(__name__)

LEAD = dt.timedelta(minutes=10)  # how long before an hour its readers are expected
EVERY_SECONDS = 600.0  # the pause between two runs
MAX_SECONDS = 60.0
SLOW_SECONDS = 1.0  # a teacher who takes longer tells of a busy database

Warm = Callable[[Read], bytes]
Foresee = Callable[[Any, Collection[str], Warm], None]

_foreseen: list[Foresee] = []


def foresee(function: Foresee) -> None:
    """Register what warms the likely reads of a teacher who cares for some topics."""
    _foreseen.append(function)


@dataclass(slots=True)
class Run:
    """What a run did; `ended` is `done`, or why it stopped: `off`, `time`, `busy`, `away`."""

    teachers: int = 0
    loaded: int = 0
    ended: str = "done"

    def warm(self, read: Read) -> bytes:
        """Return a value that is now kept until the next run, if its TTL is that long."""
        value, is_loaded = tiers.warm(read, EVERY_SECONDS)
        self.loaded += is_loaded
        return value


def warm(*, hours: int, teachers: int, seconds: float = MAX_SECONDS) -> Run:
    """Warm the caches for the hours that begin now, for at most so many teachers."""
    run = Run()
    if settings.CACHE_WARMING == "off" or not tiers.is_on():
        run.ended = "off"
        return run
    end = time.monotonic() + seconds
    try:
        for teacher, topics in _likely(hours, teachers):
            begun = time.monotonic()
            if begun >= end or is_under_pressure():
                run.ended = "time" if begun >= end else "busy"
                break
            _warm_teacher(run, teacher, topics)
            if time.monotonic() - begun > SLOW_SECONDS:
                run.ended = "busy"
                break
    except SharedCacheAway:
        run.ended = "away"
    logger.info("caches warmed: %s", run)
    return run


def _likely(hours: int, limit: int) -> list[tuple[Any, set[str]]]:
    begin = now() + LEAD
    slots = {habits.slot_of(begin + dt.timedelta(hours=ahead)) for ahead in range(hours)}
    wanted: dict[uuid.UUID, set[str]] = habits.expected(slots, limit)
    for teacher_id in habits.busiest(limit):
        if len(wanted) < limit:
            wanted.setdefault(teacher_id, set())
    active = get_user_model()._default_manager.filter(is_active=True)
    people = active.in_bulk(list(wanted))
    return [(people[pk], topics) for pk, topics in wanted.items() if pk in people]


def _warm_teacher(run: Run, teacher: Any, topics: Collection[str]) -> None:
    for function in _foreseen:
        try:
            function(teacher, topics, run.warm)
        except NotFound:
            continue  # deleted since we looked
    run.teachers += 1
