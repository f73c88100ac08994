"""Alerts of the mirror: one line of the log when a state begins, one when it ends.

Both are errors for the log, so that Sentry reports them. They are told by the web
processes: a drain that is dead says nothing.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, close_old_connections

from eduhu.mirror.background import Background
from eduhu.mirror.models import MirrorState
from eduhu.mirror.status import Status, measure

logger = logging.getLogger(__name__)

WATCH_SECONDS = 5.0
LONGEST_LAG = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Alert:
    """A state that somebody should know of; `sign` says what is wrong, or nothing."""

    name: str
    begins: str
    ends: str
    sign: Callable[[Status], object]


ALERTS = (
    Alert(
        "lag",
        "The mirror lags behind: its oldest entry has waited for %s s",
        "The mirror has caught up",
        lambda status: int(status.lag) if status.lag > LONGEST_LAG else None,
    ),
    Alert(
        "parked",
        "InstantDB refuses rows, they are parked: %s",
        "No row is parked any more",
        lambda status: status.parked,
    ),
    Alert(
        "closed",
        "InstantDB takes nothing, everything waits: %s",
        "InstantDB takes rows again",
        lambda status: status.state.failure if status.state.is_closed else None,
    ),
)


def active(status: Status) -> list[Alert]:
    """Return what somebody should know of."""
    return [alert for alert in ALERTS if alert.sign(status)]


def tell() -> None:
    """Log what began or ended since the last call of any process."""
    status = measure()
    told, names = status.state.alerts, ",".join(alert.name for alert in active(status))
    # Of several processes that look at the same time, one tells.
    if told == names or not MirrorState.objects.filter(alerts=told).update(alerts=names):
        return
    before, after = told.split(","), names.split(",")
    for alert in ALERTS:
        if alert.name in after and alert.name not in before:
            logger.error(alert.begins, alert.sign(status))
        elif alert.name in before and alert.name not in after:
            logger.error(alert.ends)


class Watch(Background):
    """What tells, as a thread of a web process."""

    def __init__(self) -> None:
        super().__init__("mirror-watch", watch)


def watch(stop: threading.Event) -> None:
    """Tell every few seconds until `stop`; no failure ends it."""
    while not stop.wait(WATCH_SECONDS):
        try:
            tell()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("the mirror cannot be watched", exc_info=error)
        finally:
            close_old_connections()
