"""Numbers of a chat and of a teacher's weeks, in the form the API shows them.

Days and weeks are those at school; tokens are what questions and answers have cost.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import Avg, Count, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate, TruncWeek
from django.utils.timezone import localtime

from chats.models import Chat, Message, Role
from chats.queries import Document, refuse_foreign
from eduhu.db import epoch_ms, now
from eduhu.named_queries import named_query
from teachers.models import Teacher

WEEKS = 12

TOKENS = Coalesce(Sum("token_count"), 0)


def chat_analytics(teacher: Teacher, chat_id: uuid.UUID) -> Document:
    """Return the numbers of one chat. Raises NotFound."""
    refuse_foreign(teacher, chat_id)
    return _numbers_of(chat_id)


@named_query("chats.analytics")
def _numbers_of(chat_id: uuid.UUID) -> Document:
    messages = Message.objects.filter(chat_id=chat_id)
    counts = dict(messages.values_list("role").annotate(Count("pk")))
    totals = messages.aggregate(
        tokens=TOKENS, first=Min("timestamp"), last=Max("timestamp"), pace=Avg("response_time_ms")
    )
    days = messages.filter(token_count__isnull=False).values(day=TruncDate("timestamp"))
    return {
        "chat_id": chat_id,
        "message_count": sum(counts.values()),
        "messages": {role.value: counts.get(role.value, 0) for role in Role},
        "tokens": totals["tokens"],
        "tokens_by_day": list(days.annotate(tokens=TOKENS).order_by("day")),
        "topics": _topics(messages),
        "first_message_at": _shown(totals["first"]),
        "last_message_at": _shown(totals["last"]),
        "average_response_ms": _rounded(totals["pace"]),
    }


def _topics(messages: "QuerySet[Message]") -> list[Document]:
    found = messages.exclude(educational_topics=[]).values_list("educational_topics", flat=True)
    counts = Counter(topic for topics in found for topic in dict.fromkeys(topics))
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [{"topic": topic, "messages": number} for topic, number in ordered]


@named_query("chats.summary")
def teacher_summary(teacher: Teacher) -> Document:
    """Return the numbers of all chats of a teacher, and of the last twelve weeks."""
    chats = Chat.objects.for_teacher(teacher)
    totals = chats.aggregate(chats=Count("pk"), messages=Coalesce(Sum("message_count"), 0))
    recent = Message.objects.for_teacher(teacher).filter(timestamp__gte=_first_monday())
    weeks = recent.values(week=TruncWeek("timestamp")).annotate(
        chats=Count("chat", distinct=True),
        questions=Count("pk", filter=Q(role=Role.USER)),
        answers=Count("pk", filter=Q(role=Role.ASSISTANT)),
        tokens=TOKENS,
        average_response_ms=Avg("response_time_ms"),
    )
    return {**totals, "weeks": [_week(row) for row in weeks.order_by("-week")]}


def _first_monday() -> dt.datetime:
    today = localtime(now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - dt.timedelta(days=today.weekday(), weeks=WEEKS - 1)


def _week(row: Mapping[str, Any]) -> Document:
    numbers = {name: row[name] for name in ("chats", "questions", "answers", "tokens")}
    pace = _rounded(row["average_response_ms"])
    return {"begins": row["week"].date(), **numbers, "average_response_ms": pace}


def _shown(moment: dt.datetime | None) -> int | None:
    return epoch_ms(moment) if moment is not None else None


def _rounded(number: float | None) -> int | None:
    return round(number) if number is not None else None
