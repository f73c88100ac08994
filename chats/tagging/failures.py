"""Questions whose topics cannot be found: tried again ever later, and then set aside."""

import datetime as dt
import uuid
from collections.abc import Collection

from django.db import transaction
from django.db.models import F

from chats.models import MessageTopics, TopicFailure
from eduhu.db import now

FIRST_PAUSE = dt.timedelta(minutes=2)
ATTEMPTS_MAX = 8  # four hours, as each pause is twice the last: longer than most outages
KEPT = dt.timedelta(days=30)


def forget_old() -> None:
    """Forget what failed a month ago, also of messages that are gone since."""
    TopicFailure.objects.filter(failed_at__lt=now() - KEPT).delete()


@transaction.atomic
def note(message_id: uuid.UUID, error: Exception) -> None:
    """Note an attempt that failed; the last one sets the question aside.

    Of the error only its kind is kept: its text may be what a teacher wrote.
    """
    told = {"reason": type(error).__name__[:80], "failed_at": now()}
    TopicFailure.objects.get_or_create(pk=message_id, defaults=told)
    rows = TopicFailure.objects.filter(pk=message_id)
    rows.update(**told, attempts=F("attempts") + 1)
    attempts = rows.values_list("attempts", flat=True).get()
    due_at = None if attempts >= ATTEMPTS_MAX else now() + FIRST_PAUSE * 2 ** (attempts - 1)
    MessageTopics.objects.filter(pk=message_id, due_at__isnull=False).update(due_at=due_at)


@transaction.atomic
def judge_again(*, message_ids: Collection[uuid.UUID]) -> int:
    """Let questions that failed wait for their topics again; return how many do."""
    TopicFailure.objects.filter(pk__in=message_ids).delete()
    without = MessageTopics.objects.filter(pk__in=message_ids, topic="", source="")
    return without.update(due_at=now())
