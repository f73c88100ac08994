"""Noting and sending e-mails. Both may run any number of times, in any number of processes."""

import datetime as dt
import logging
from functools import lru_cache
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction

from eduhu.celery import wake
from eduhu.db import now
from eduhu.errors import CircuitOpen, NotFound
from eduhu.leases import take_due
from eduhu.resilience import Breaker
from teachers.actions import save_preferences
from teachers.mail.models import Mailing
from teachers.mail.texts import message_of
from teachers.models import Teacher, TeacherPreferences
from teachers.notifications import SWITCHES, switches

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(seconds=60)  # longer than the time-out of a mail server
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0
GIVEN_UP_AFTER = dt.timedelta(hours=24)
SALT = "unsubscribe"


@lru_cache(maxsize=1)
def _breaker() -> Breaker:
    return Breaker("mail", failures=(SMTPException, OSError), threshold=3, pause=60.0)


def is_on() -> bool:
    """Whether there is a mail server."""
    return bool(settings.EMAIL_URL)


def note_mail(*, teacher: Teacher, kind: str, key: str, facts: dict[str, Any]) -> bool:
    """Note an e-mail, if it is wanted and not noted yet; return whether it is new.

    In the transaction of what it tells of; it is sent after the commit.
    """
    if not is_on() or not _is_wanted(teacher, kind):
        return False
    _mailing, created = Mailing.objects.get_or_create(
        teacher=teacher, kind=kind, key=key, defaults={"facts": facts}
    )
    if created:
        transaction.on_commit(_wake, robust=True)
    return created


def _wake() -> None:
    from teachers.mail.tasks import send_mails  # which imports this

    wake(send_mails)


def _is_wanted(teacher: Teacher, kind: str) -> bool:
    found = TeacherPreferences.objects.filter(teacher=teacher)
    stored = found.values_list("notification_settings", flat=True).first()
    return teacher.is_active and switches(stored or {})[kind]


def send_due() -> int:
    """Send what is due; return how many were sent."""
    sent = 0
    waiting = Mailing.objects.filter(ended_at=None).select_related("teacher")
    while (mailing := take_due(waiting, LEASE)) is not None:
        sent += _send(mailing)
    return sent


def _send(mailing: Mailing) -> bool:
    if not _is_wanted(mailing.teacher, mailing.kind):  # switched off since it was noted
        _end(mailing, "unwanted")
        return False
    try:
        with _breaker().guard():
            message_of(mailing, unsubscribe_token(mailing.teacher, mailing.kind)).send()
    except CircuitOpen as error:
        _later(mailing, float(error.retry_after or FIRST_PAUSE), mailing.attempts)
    except (SMTPException, OSError) as error:
        logger.warning("an e-mail was not taken: %s", type(error).__name__)
        _again(mailing)
    except Exception:
        logger.exception("an e-mail cannot be made: %s", mailing)
        _again(mailing)  # it must neither keep the others waiting nor be tried for ever
    else:
        _end(mailing, "sent")
        return True
    return False


def _again(mailing: Mailing) -> None:
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**mailing.attempts)
    _later(mailing, pause, mailing.attempts + 1)


def _later(mailing: Mailing, seconds: float, attempts: int) -> None:
    if now() - mailing.created_at > GIVEN_UP_AFTER:
        _end(mailing, "given up")
        return
    due_at = now() + dt.timedelta(seconds=seconds)
    Mailing.objects.filter(pk=mailing.pk).update(due_at=due_at, attempts=attempts)


def _end(mailing: Mailing, outcome: str) -> None:
    Mailing.objects.filter(pk=mailing.pk).update(ended_at=now(), outcome=outcome)


def forget_old(days: int = 90) -> int:
    """Delete what ended long ago; return how many."""
    ended = Mailing.objects.filter(ended_at__lt=now() - dt.timedelta(days=days))
    return ended.delete()[0]


def unsubscribe_token(teacher: Teacher, kind: str) -> str:
    """Return what switches one kind of e-mail off without signing in; nothing else."""
    return signing.dumps([str(teacher.pk), kind], salt=SALT)


def unsubscribe(*, token: str) -> str:
    """Switch off what the token names, and return its kind. Raises NotFound."""
    try:
        teacher_id, kind = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise NotFound from error
    teacher = Teacher.objects.filter(pk=teacher_id).first()
    if teacher is None or kind not in SWITCHES:
        raise NotFound
    save_preferences(teacher=teacher, changes={"notification_settings": {kind: False}})
    return str(kind)
