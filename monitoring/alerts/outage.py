"""The one alert that can stand in no row while it goes on: the database itself is away."""

import datetime as dt
import logging

from django.core.cache import cache
from django.db import transaction
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from eduhu.db import now
from eduhu.errors import CircuitOpen
from monitoring.alerts import channels
from monitoring.alerts.channels import Channel, News, Undelivered
from monitoring.alerts.evaluate import enqueue
from monitoring.alerts.models import Alert, Kind
from monitoring.alerts.rules import DATABASE
from monitoring.alerts.webhook import Refused

logger = logging.getLogger(__name__)

AWAY_SECONDS = 15.0  # a restart is no outage
CLAIM_SECONDS = 3600
CLAIM = "alerts:database"


class DatabaseOutage:
    """What one process knows of it. Of several processes, one tells."""

    def __init__(self) -> None:
        self._since: dt.datetime | None = None
        self._detail = ""
        self._is_ours: bool | None = None  # None: not decided yet
        self._untold: list[Channel] = []

    def failed(self, error: Exception) -> None:
        """Note that a round failed for want of the database, and tell after a while."""
        self._since = self._since or now()
        self._detail = type(error).__name__
        if (now() - self._since).total_seconds() < AWAY_SECONDS:
            return
        if self._is_ours is None:
            self._is_ours = _claim()
            self._untold = channels.configured() if self._is_ours else []
            if self._is_ours:
                logger.warning("alert: the database is away")
        news = News(self._id, Kind.BEGUN, DATABASE.name, "", self._detail, self._since)
        self._untold = [channel for channel in self._untold if not _is_told(channel, news)]

    def succeeded(self) -> None:
        """Note that it is back: the alert gets its row, and its end is told."""
        since, is_ours, self._since, self._is_ours = self._since, self._is_ours, None, None
        if since is None or not is_ours:
            return
        _release()
        logger.warning("alert over: the database is back")
        with transaction.atomic():
            alert = Alert.objects.create(
                rule=DATABASE.name, detail=self._detail, begun_at=since, told_at=now(),
                resolved_at=now(),
            )  # fmt: skip
            enqueue(alert, Kind.RESOLVED)

    @property
    def _id(self) -> str:
        assert self._since is not None
        return f"database:{int(self._since.timestamp())}-begun"


def _is_told(channel: Channel, news: News) -> bool:
    try:
        channel.send(news)
    except (Undelivered, CircuitOpen) as error:
        logger.warning("an alert was not taken by %s: %s", channel.name, error)
        return False
    except Refused as error:
        logger.warning("alerts are not sent to %s: %s", channel.name, error)
    return True


def _claim() -> bool:
    try:
        return bool(cache.add(CLAIM, 1, CLAIM_SECONDS))
    except (ConnectionInterrupted, RedisError, OSError):
        return True  # told by each process is better than told by none


def _release() -> None:
    try:
        cache.delete(CLAIM)
    except (ConnectionInterrupted, RedisError, OSError) as error:
        logger.warning("the claim on an alert stays for a while", exc_info=error)
