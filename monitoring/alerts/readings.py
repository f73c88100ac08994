"""Everything that the rules judge, measured when it is first asked for."""

import datetime as dt
import shutil
import uuid
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from django.conf import settings

from chats.models import Reply
from eduhu.db import epoch_ms, now
from eduhu.mirror import capture
from eduhu.mirror.status import Status, measure
from eduhu.named_queries import named_query
from monitoring.alerts.models import ProcessSample, Watchkeeping
from monitoring.alerts.sample import Sample
from monitoring.health.models import CELERY, Sign

SILENT_SECONDS = 45.0  # a process that wrote nothing for so long has ended
MAX_REPLIES = 500


@dataclass(frozen=True, slots=True)
class FirstTokens:
    """How long teachers wait for the first word; `longest` is of those who wait still (seconds)."""

    count: int
    median: float
    longest: float


class Readings:
    """One look at everything; each part is measured once, and may fail alone."""

    @cached_property
    def processes(self) -> dict[str, Sample]:
        """What the living processes said last, by name."""
        alive = now() - dt.timedelta(seconds=SILENT_SECONDS)
        rows = ProcessSample.objects.filter(seen_at__gt=alive).order_by("name")
        return {row.name: Sample.of(row.numbers) for row in rows}

    @cached_property
    def mirror(self) -> Status | None:
        """How the mirror fares, if there is one."""
        return measure() if capture.is_on() else None

    @cached_property
    def celery_silence(self) -> float:
        """For how many seconds Celery has done nothing, as far as somebody watched."""
        sign = Sign.objects.filter(name=CELERY).first()
        watched = Watchkeeping.load().watched_since
        last: dt.datetime = max(sign.seen_at, watched) if sign else watched
        return (now() - last).total_seconds()

    @cached_property
    def first_tokens(self) -> FirstTokens:
        """How long the replies of the last minutes took to begin."""
        moment = now()
        taken, waiting = [], [0.0]
        for accepted, first, ended in _recent_replies():
            if first is not None and first >= accepted:
                taken.append((first - accepted).total_seconds())
            elif first is None and ended is None:
                waiting.append((moment - accepted).total_seconds())
        return FirstTokens(len(taken), median(taken) if taken else 0.0, max(waiting))

    @cached_property
    def disk_free(self) -> float:
        """How much of the disk below `EDUHU_DATA_DIR` is free (percent)."""
        usage = shutil.disk_usage(settings.DATA_DIR)
        return float(usage.free / usage.total * 100)


@named_query("alerts.replies")
def _recent_replies() -> list[tuple[dt.datetime, dt.datetime | None, dt.datetime | None]]:
    since = now() - dt.timedelta(seconds=settings.ALERT_WINDOW_SECONDS)
    # Ids of replies begin with their time, so that the primary key finds them.
    recent = Reply.objects.filter(pk__gte=uuid.UUID(int=epoch_ms(since) << 80)).order_by("-pk")
    return list(recent.values_list("accepted_at", "first_token_at", "ended_at")[:MAX_REPLIES])
