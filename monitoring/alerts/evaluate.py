"""One round: judge the rules, open and resolve alerts, and note who is to be told.

Any process may do it, and of all of them one does: it has moved the time of the last
round. What is told is noted in the same transaction as the alert, and sent by
`deliver.py`, so that nothing is told twice and nothing is forgotten.
"""

import datetime as dt
import logging
from collections.abc import Iterable

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q

from eduhu.db import now
from monitoring.alerts import channels
from monitoring.alerts.models import (
    Alert,
    Delivery,
    Kind,
    ProcessSample,
    Silence,
    Watchkeeping,
)
from monitoring.alerts.readings import Readings
from monitoring.alerts.rules import RULES, Rule
from monitoring.alerts.sample import Sample

logger = logging.getLogger(__name__)

CALM_SECONDS = 30.0  # without a sign, until an alert is over: what flickers is told once
MAX_OPEN = 5  # alerts of one rule at a time: a storm has one cause
GAP_SECONDS = 60.0  # nobody watched: what fell silent meanwhile gets time to speak
FORGOTTEN = dt.timedelta(minutes=10)


def report(name: str, sample: Sample) -> None:
    """Write what the process of this name has measured."""
    values = {"seen_at": now(), "numbers": sample.stored()}
    ProcessSample.objects.update_or_create(name=name, defaults=values)


def evaluate() -> bool:
    """Judge all rules, unless somebody did a moment ago; return whether this call did."""
    if not _take_turn():
        return False
    readings, known = Readings(), list(Alert.objects.open())
    for rule in RULES:
        try:
            _judge(rule, readings, {each.subject: each for each in known if each.rule == rule.name})
        except DatabaseError:
            raise
        except Exception:
            # A probe that fails must not keep the others from being heard.
            logger.exception("the rule %s cannot be judged", rule.name)
    _tell()
    ProcessSample.objects.filter(seen_at__lt=now() - FORGOTTEN).delete()
    return True


def _take_turn() -> bool:
    moment = now()
    row = Watchkeeping.load()
    due = moment - dt.timedelta(seconds=settings.ALERT_SECONDS * 0.8)
    # A clock that was set back has left a moment of the future.
    is_due = Q(evaluated_at=None) | Q(evaluated_at__lt=due) | Q(evaluated_at__gt=moment)
    values = {"evaluated_at": moment}
    gap = dt.timedelta(seconds=max(GAP_SECONDS, 3 * settings.ALERT_SECONDS))
    if row.evaluated_at is None or abs(moment - row.evaluated_at) > gap:
        values["watched_since"] = moment
    return bool(Watchkeeping.objects.filter(is_due).update(**values))


def _judge(rule: Rule, readings: Readings, known: dict[str, Alert]) -> None:
    """Begin, prolong and end the alerts of a rule; `known` are those that go on, by subject."""
    signs = {subject[:120]: detail[:300] for subject, detail in rule.signs(readings).items()}
    for subject, alert in known.items():
        if subject in signs:
            Alert.objects.filter(pk=alert.pk).update(seen_at=now(), detail=signs[subject])
        elif (now() - alert.seen_at).total_seconds() >= CALM_SECONDS:
            _resolve(alert)
    room = MAX_OPEN - len(known)
    for subject in [each for each in signs if each not in known][: max(0, room)]:
        fields = {"detail": signs[subject]}
        alert, is_new = Alert.objects.open().get_or_create(
            rule=rule.name, subject=subject, defaults=fields
        )
        if is_new:
            logger.warning("alert: %s: %s", alert, alert.detail)


@transaction.atomic
def _resolve(alert: Alert) -> None:
    if not Alert.objects.open().filter(pk=alert.pk).update(resolved_at=now()):
        return
    logger.warning("alert over: %s", alert)
    if alert.told_at is not None:
        enqueue(alert, Kind.RESOLVED)


def _tell() -> None:
    """Let open alerts be told that nobody was told of, and that are not silenced."""
    untold = list(Alert.objects.open().filter(told_at=None))
    if not untold:
        return
    silences = list(Silence.objects.filter(until__gt=now()))
    for alert in untold:
        if not is_silenced(alert, silences):
            with transaction.atomic():
                if Alert.objects.filter(pk=alert.pk, told_at=None).update(told_at=now()):
                    enqueue(alert, Kind.BEGUN)


def is_silenced(alert: Alert, silences: Iterable[Silence]) -> bool:
    """Whether one of the silences is about this alert."""
    return any(each.rule == alert.rule and each.subject in ("", alert.subject) for each in silences)


def enqueue(alert: Alert, kind: Kind) -> None:
    """Note that all channels are to be told."""
    Delivery.objects.bulk_create(
        Delivery(alert=alert, kind=kind, channel=channel.name) for channel in channels.configured()
    )
