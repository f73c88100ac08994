"""A teacher's own weeks, in the form the API shows them."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from artifacts.insights.weeks import Rows, Week, count, first_monday
from teachers.models import Teacher

WEEKS = 12
Document = dict[str, Any]


def teacher_analytics(teacher: Teacher) -> Document:
    """Return the numbers of a teacher's last twelve weeks, and of all of them together.

    Not cached: nearly every write changes it, and it is read seldom.
    """
    weeks = count(Rows.of_teacher(teacher), WEEKS)
    return {
        "begins": first_monday(WEEKS).date(),
        "total": numbers(weeks),
        "weeks": [{"begins": week.begins, **numbers([week])} for week in weeks],
    }


def numbers(weeks: Sequence[Week]) -> Document:
    """Return the numbers of some weeks together; a share of nothing is null."""
    said, replies, made = (
        [getattr(week, part) for week in weeks] for part in ("said", "replies", "made")
    )
    return {
        "topics": _topics(weeks),
        "questions": _sum(said, "questions"),
        "answers": _sum(said, "answers"),
        "thumbs_up": _sum(said, "thumbs_up"),
        "thumbs_down": _sum(said, "thumbs_down"),
        "material": _sum(made, "material"),
        "funnel": funnel(weeks),
        "average_first_token_ms": _average(replies, "first_token", "begun"),
        "average_finished_ms": _average(made, "until_finished", "finished"),
        "abandon_rate": _share(replies, "abandoned", "replies"),
        "repeat_rate": _share(replies, "repeated", "replies"),
        "edit_rate": _share(made, "edited", "material"),
    }


def funnel(weeks: Iterable[Week]) -> Document:
    """Return how many chats came how far."""
    steps = [week.steps for week in weeks]
    return {name: _sum(steps, name) for name in ("chats", "with_material", "exported", "reused")}


def _topics(weeks: Iterable[Week]) -> list[Document]:
    topics = sum((week.topics for week in weeks), Counter[str]())
    ordered = sorted(topics.items(), key=lambda each: (-each[1], each[0]))
    return [{"topic": topic, "questions": number} for topic, number in ordered]


def _sum(parts: Iterable[Any], name: str) -> int:
    return sum(part[name] for part in parts)


def _share(parts: Sequence[Any], name: str, of: str) -> float | None:
    total = _sum(parts, of)
    return round(_sum(parts, name) / total, 3) if total else None


def _average(parts: Sequence[Any], name: str, weight: str) -> int | None:
    """Return the mean duration, each week's weighted by its number of rows (ms)."""
    total = _sum(parts, weight)
    if not total:
        return None
    weighted = sum((part[name] * part[weight] for part in parts if part[weight]), dt.timedelta())
    return round(weighted / total / dt.timedelta(milliseconds=1))
