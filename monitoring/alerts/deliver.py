"""Sending what was noted: at least once, later again if need be, and never for ever."""

import datetime as dt
import logging

from eduhu.compiled import Param, Select
from eduhu.db import now
from eduhu.errors import CircuitOpen
from eduhu.leases import take_due
from monitoring.alerts import channels
from monitoring.alerts.channels import Channel, News, Undelivered
from monitoring.alerts.models import Delivery, Kind
from monitoring.alerts.webhook import Refused

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(seconds=60)  # longer than any attempt: nobody else tries meanwhile
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
GIVEN_UP_AFTER = dt.timedelta(hours=24)


_DUE = Select(
    Delivery.objects.filter(
        sent_at=None, given_up_at=None, due_at__lte=Param(Delivery, "due_at", "moment")
    ).values_list("id")[:1]
)


def is_any_due() -> bool:
    """Whether `deliver_due` would find anything."""
    return _DUE.first(moment=now()) is not None


def deliver_due() -> int:
    """Send whatever is due; return how many messages were taken."""
    sent = 0
    while (delivery := _taken()) is not None:
        sent += _attempt(delivery)
    return sent


def _taken() -> Delivery | None:
    waiting = Delivery.objects.filter(sent_at=None, given_up_at=None)
    return take_due(waiting.select_related("alert"), LEASE)


def _attempt(delivery: Delivery) -> bool:
    named = {channel.name: channel for channel in channels.configured()}
    channel = named.get(delivery.channel)
    if channel is None:
        _note(delivery, given_up_at=now(), reason="no longer in the settings")
        return False
    return _sent(delivery, channel)


def _sent(delivery: Delivery, channel: Channel) -> bool:
    attempts = delivery.attempts + 1
    try:
        channel.send(News.of(delivery.alert, Kind(delivery.kind)))
    except CircuitOpen as error:
        _later(delivery, error.retry_after or FIRST_PAUSE, "it is left alone", delivery.attempts)
    except Undelivered as error:
        logger.warning("an alert was not taken by %s: %s", delivery.channel, error)
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempts - 1))
        _later(delivery, pause, str(error), attempts)
    except Refused as error:
        logger.warning("alerts are not sent to %s: %s", delivery.channel, error)
        _note(delivery, given_up_at=now(), reason=str(error), attempts=attempts)
    else:
        _note(delivery, sent_at=now(), reason="", attempts=attempts)
        return True
    return False


def _later(delivery: Delivery, seconds: float, reason: str, attempts: int) -> None:
    if now() - delivery.created_at > GIVEN_UP_AFTER:
        _note(delivery, given_up_at=now(), reason=reason, attempts=attempts)
        return
    due_at = now() + dt.timedelta(seconds=seconds)
    _note(delivery, due_at=due_at, reason=reason, attempts=attempts)


def _note(delivery: Delivery, **values: object) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(**values)
