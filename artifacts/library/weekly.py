"""The weekly summary: once for each week and teacher who wants it and did something."""

import datetime as dt
from typing import Any

from django.utils import timezone

from artifacts.models import Artifact
from chats.models import Chat, Message, Role
from eduhu.named_queries import named_query
from teachers.mail.actions import note_mail
from teachers.models import Teacher

Range = tuple[dt.datetime, dt.datetime]


def note_summaries() -> int:
    """Note the e-mails about the week that ended last; return how many are new. May run twice."""
    today = timezone.localdate()
    monday = today - dt.timedelta(days=today.weekday())
    week = _starts(monday - dt.timedelta(days=7)), _starts(monday)
    year, number, _day = (monday - dt.timedelta(days=7)).isocalendar()
    wanting = Teacher.objects.filter(
        is_active=True, preferences__notification_settings__weekly_summary=True
    )
    new = 0
    for teacher in wanting.iterator(500):
        facts = summary(teacher, week)
        if any(facts.values()):
            key = f"{year}-W{number:02}"
            new += note_mail(teacher=teacher, kind="weekly_summary", key=key, facts=facts)
    return new


def _starts(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


@named_query("weekly.summary")
def summary(teacher: Teacher, week: Range) -> dict[str, Any]:
    """Return what a teacher has done in a week, in numbers."""
    begun, ended = week
    of_week = {"created_at__gte": begun, "created_at__lt": ended}
    asked = Message.objects.for_teacher(teacher).filter(
        role=Role.USER, timestamp__gte=begun, timestamp__lt=ended
    )
    return {
        "chats": Chat.objects.for_teacher(teacher).filter(**of_week).count(),
        "messages": asked.count(),
        "artifacts": Artifact.objects.for_teacher(teacher).filter(**of_week).count(),
    }
