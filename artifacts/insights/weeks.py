"""Weeks at school, counted from the rows as they are now.

What was deleted counts no more. Each number names the moment that puts it into a week:
a question its time, a reply and material their making, the steps of a chat its beginning.
"""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import (
    Avg,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import TruncWeek
from django.utils.timezone import localtime

from artifacts.models import Artifact, ArtifactExport
from chats.models import Chat, Message, Reply, ReplyState, Role
from eduhu.db import now
from eduhu.named_queries import named_query
from teachers.models import Teacher

Grouped = Iterable[Any]  # dicts, one for each week


@dataclass(frozen=True, slots=True)
class Rows:
    """Whose rows are counted."""

    chats: "QuerySet[Chat]"
    messages: "QuerySet[Message]"
    replies: "QuerySet[Reply]"
    artifacts: "QuerySet[Artifact]"

    @classmethod
    def of_teacher(cls, teacher: Teacher) -> "Rows":
        """Return a teacher's own rows."""
        return cls(
            Chat.objects.for_teacher(teacher),
            Message.objects.for_teacher(teacher),
            Reply.objects.for_teacher(teacher),
            Artifact.objects.for_teacher(teacher),
        )

    @classmethod
    def of_everybody(cls) -> "Rows":
        """Return all rows that have a teacher; who shows them must keep groups large."""
        return cls(
            Chat.objects.exclude(teacher=None),
            Message.objects.exclude(chat__teacher=None),
            Reply.objects.all(),
            Artifact.objects.exclude(teacher=None),
        )


@dataclass
class Part:
    """Counts of one kind of rows, and of how many teachers they are."""

    teachers: int = 0
    counts: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.counts.get(name) or 0


@dataclass
class Week:
    """The numbers of one week, which begins on a Monday."""

    begins: dt.date
    said: Part = field(default_factory=Part)  # questions, answers, thumbs_up, thumbs_down
    thumbs: Part = field(default_factory=Part)  # thumbs_up, thumbs_down
    replies: Part = field(default_factory=Part)  # replies, abandoned, repeated, first_token
    made: Part = field(default_factory=Part)  # material, edited, finished, until_finished
    steps: Part = field(default_factory=Part)  # chats, with_material, exported, reused
    topics: Counter[str] = field(default_factory=Counter)  # questions on each
    topic_teachers: dict[str, set[uuid.UUID]] = field(default_factory=lambda: defaultdict(set))


def first_monday(weeks: int) -> dt.datetime:
    """Return the midnight, at school, with which the first of the last `weeks` began."""
    today = localtime(now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - dt.timedelta(days=today.weekday(), weeks=weeks - 1)


@named_query("insights.weeks")
def count(rows: Rows, weeks: int) -> list[Week]:
    """Return the last `weeks` in which anything happened, the newest first; five queries."""
    since = first_monday(weeks)
    found: dict[dt.date, Week] = {}

    def week(row: dict[str, Any]) -> Week:
        begins = row.pop("week").date()
        return found.setdefault(begins, Week(begins))

    parts: dict[str, Callable[[Rows, dt.datetime], Grouped]] = {
        "said": _said, "replies": _replies, "made": _made, "steps": _steps,
    }  # fmt: skip
    for name, query in parts.items():
        for row in query(rows, since):
            setattr(week(row), name, Part(row.pop("teachers"), row))
    for row in _topics(rows, since):
        _add_topics(week(row), row)
    for each in found.values():
        each.thumbs = Part(each.said["thumb_teachers"], each.said.counts)
    return sorted(found.values(), key=lambda each: each.begins, reverse=True)


def _said(rows: Rows, since: dt.datetime) -> Grouped:
    messages = rows.messages.filter(timestamp__gte=since).exclude(role=Role.SYSTEM)
    return messages.values(week=TruncWeek("timestamp")).annotate(
        teachers=Count("chat__teacher", distinct=True),
        questions=Count("pk", filter=Q(role=Role.USER)),
        answers=Count("pk", filter=Q(role=Role.ASSISTANT)),
        thumbs_up=Count("pk", filter=Q(is_helpful=True)),
        thumbs_down=Count("pk", filter=Q(is_helpful=False)),
        thumb_teachers=Count("chat__teacher", distinct=True, filter=Q(is_helpful__isnull=False)),
    )


def _replies(rows: Rows, since: dt.datetime) -> Grouped:
    earlier = Reply.objects.filter(
        user_message=OuterRef("user_message"), created_at__lt=OuterRef("created_at")
    )
    replies = rows.replies.filter(created_at__gte=since)
    return (
        replies.annotate(is_again=Exists(earlier))
        .values(week=TruncWeek("created_at"))
        .annotate(
            teachers=Count("teacher", distinct=True),
            replies=Count("pk"),
            abandoned=Count("pk", filter=Q(state=ReplyState.CANCELLED)),
            repeated=Count("pk", filter=Q(attempt__gt=1) | Q(is_again=True)),
            begun=Count("first_token_at"),
            first_token=Avg(_between("accepted_at", "first_token_at")),
        )
    )


def _made(rows: Rows, since: dt.datetime) -> Grouped:
    exports = ArtifactExport.objects.by_owner().order_by("exported_at")
    asked = Reply.objects.filter(message_id=OuterRef("message_id"))
    artifacts = rows.artifacts.filter(created_at__gte=since).annotate(
        finished_at=Subquery(exports.values("exported_at")[:1]),
        asked_at=Subquery(asked.values("created_at")[:1]),
    )
    until_finished = _between("asked_at", "finished_at")
    return artifacts.values(week=TruncWeek("created_at")).annotate(
        teachers=Count("teacher", distinct=True),
        material=Count("pk"),
        edited=Count("pk", filter=Q(revision__gt=1)),
        finished=Count("pk", filter=Q(asked_at__isnull=False, finished_at__isnull=False)),
        until_finished=Avg(until_finished),
    )


def _steps(rows: Rows, since: dt.datetime) -> Grouped:
    exports = ArtifactExport.objects.by_owner()
    material = Artifact.objects.filter(chat=OuterRef("pk"))
    chats = rows.chats.filter(created_at__gte=since).annotate(
        has_material=Exists(material),
        is_exported=Exists(material.filter(Exists(exports))),
        is_reused=Exists(material.filter(Exists(exports.filter(is_again=True)))),
    )
    return chats.values(week=TruncWeek("created_at")).annotate(
        teachers=Count("teacher", distinct=True),
        chats=Count("pk"),
        with_material=Count("pk", filter=Q(has_material=True)),
        exported=Count("pk", filter=Q(is_exported=True)),
        reused=Count("pk", filter=Q(is_reused=True)),
    )


def _topics(rows: Rows, since: dt.datetime) -> Grouped:
    questions = rows.messages.filter(timestamp__gte=since, role=Role.USER)
    has_topic = ~Q(educational_topics=[]) | Q(chat__topic_category__isnull=False)
    return (
        questions.filter(has_topic)
        .values(
            "educational_topics", teacher=F("chat__teacher"), of_chat=F("chat__topic_category"),
            week=TruncWeek("timestamp"),
        )
        .annotate(questions=Count("pk"))
    )  # fmt: skip


def _add_topics(week: Week, row: dict[str, Any]) -> None:
    """Count a question for each of its own topics, or, without any, for that of its chat."""
    for topic in set(row["educational_topics"]) or {row["of_chat"]}:
        week.topics[topic] += row["questions"]
        week.topic_teachers[topic].add(row["teacher"])


def _between(start: str, end: str) -> "ExpressionWrapper[Any]":
    return ExpressionWrapper(F(end) - F(start), output_field=DurationField())
