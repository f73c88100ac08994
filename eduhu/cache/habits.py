"""Who reads in which hour of the week, and about what: it tells what is likely read next.

A habit is counted in days: a teacher who reads all morning has one more, and each
habit is written once a day. With `CACHE_WARMING=off` nothing is noted.
"""

import datetime as dt
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import F, Sum
from django.utils.timezone import localtime

from eduhu.cache.models import ReadHabit
from eduhu.db import now
from eduhu.named_queries import named_query

KEPT_DAYS = 28
MAX_NOTED = 20_000  # between two storings; what comes beyond it is noted another time
HOUR = 3600

Noted = tuple[int, uuid.UUID, uuid.UUID | None]  # hour since 1970, teacher, chat
TopicsOf = Callable[[Collection[uuid.UUID]], Mapping[uuid.UUID, str]]

_lock = threading.Lock()
_noted: set[Noted] = set()
_stored: set[Noted] = set()
_topics_of: TopicsOf | None = None


def register_topics(topics_of: TopicsOf) -> None:
    """Say how the topics of chats are found."""
    global _topics_of
    _topics_of = topics_of


def note(teacher_id: uuid.UUID, chat_id: uuid.UUID | None) -> None:
    """Remember that a teacher reads now; costs next to nothing."""
    if settings.CACHE_WARMING == "off":
        return
    noted = (int(time.time() // HOUR), teacher_id, chat_id)
    if noted in _stored or noted in _noted:
        return
    with _lock:
        if len(_noted) < MAX_NOTED:
            _noted.add(noted)


def slot_of(moment: dt.datetime) -> int:
    """Return the hour of the week, at school: 0 is Monday at midnight, 167 Sunday at 23."""
    local = localtime(moment)
    return local.weekday() * 24 + local.hour


def store() -> None:
    """Write down what this process has noted since the last call."""
    taken = _take()
    if not taken:
        return
    chats = {chat for _hour, _teacher, chat in taken if chat is not None}
    topics = _topics_of(chats) if _topics_of is not None else {}
    people = get_user_model()._default_manager.filter(pk__in={teacher for _, teacher, _ in taken})
    still_there = set(people.values_list("pk", flat=True))
    found: defaultdict[tuple[int, dt.date, str], set[uuid.UUID]] = defaultdict(set)
    for hour, teacher, chat in taken:
        if teacher in still_there:
            begin = dt.datetime.fromtimestamp(hour * HOUR, dt.UTC)
            topic = topics.get(chat, "") if chat is not None else ""
            found[slot_of(begin), localtime(begin).date(), topic].add(teacher)
    for (slot, day, topic), teachers in found.items():
        _count_day(slot, day, topic, teachers)
    _remember(taken)


def _take() -> set[Noted]:
    global _noted
    with _lock:
        taken, _noted = _noted, set()
    return taken


def _remember(taken: set[Noted]) -> None:
    global _stored
    this_hour = int(time.time() // HOUR)
    known = {noted for noted in _stored if noted[0] >= this_hour} | taken
    _stored = known if len(known) <= MAX_NOTED else set()


def _count_day(slot: int, day: dt.date, topic: str, teachers: Collection[uuid.UUID]) -> None:
    rows = [
        ReadHabit(teacher_id=teacher, slot=slot, topic=topic, days=1, last_on=day)
        for teacher in sorted(teachers)
    ]
    ReadHabit.objects.bulk_create(rows, ignore_conflicts=True)
    habits = ReadHabit.objects.filter(slot=slot, topic=topic, teacher_id__in=teachers)
    # Whoever comes second on a day, in this process or another, adds nothing.
    habits.filter(last_on__lt=day).update(days=F("days") + 1, last_on=day)


@named_query("cache.habits")
def expected(slots: Collection[int], limit: int) -> dict[uuid.UUID, set[str]]:
    """Return who reads in these hours, the most faithful first, and their topics."""
    habits = ReadHabit.objects.filter(slot__in=slots)
    found: dict[uuid.UUID, set[str]] = {}
    rows = habits.order_by("-days", "pk").values_list("teacher_id", "topic")
    for teacher, topic in rows[: 4 * limit]:
        if teacher in found or len(found) < limit:
            found.setdefault(teacher, set()).update({topic} - {""})
    return found


@named_query("cache.busiest")
def busiest(limit: int) -> list[uuid.UUID]:
    """Return who reads most, at any hour; walks the whole table."""
    sums = ReadHabit.objects.values("teacher_id").annotate(sum=Sum("days"))
    ordered = sums.order_by("-sum", "teacher_id")
    return list(ordered.values_list("teacher_id", flat=True)[:limit])


def forget_old() -> None:
    """Delete habits of which nothing was seen for `KEPT_DAYS`."""
    ReadHabit.objects.filter(last_on__lt=now().date() - dt.timedelta(days=KEPT_DAYS)).delete()
