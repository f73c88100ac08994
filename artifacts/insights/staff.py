"""All teachers' weeks for staff: no text, and nothing about a group of fewer than five."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from artifacts.insights.analytics import numbers
from artifacts.insights.weeks import Part, Rows, Week, count
from chats.topics import TOPICS
from eduhu.admin import seconds

WEEKS = 4
MIN_GROUP = 5  # teachers that a number shown to staff is about, at the least
TOO_FEW = f"< {MIN_GROUP}"
Table = dict[str, list[Any]]
Column = Callable[[Week], tuple[Part, str | None]]
Columns = dict[str, Column]


def overview() -> dict[str, Any]:
    """Return the tables of the page, the newest week first."""
    weeks = count(Rows.of_everybody(), WEEKS)
    return {
        "weeks": _table(_work(), weeks),
        "course": _table(_course(), weeks),
        "topics": _topics(weeks),
        "min_group": MIN_GROUP,
    }


def _work() -> Columns:
    """What was done: for each heading the group that a number is about, and the number."""

    def shown(part: str, name: str) -> Column:
        return lambda week: (getattr(week, part), _whole(getattr(week, part)[name]))

    def thumbs(week: Week) -> tuple[Part, str]:
        return week.thumbs, f"{week.thumbs['thumbs_up']} / {week.thumbs['thumbs_down']}"

    return {
        _("Teachers"): lambda week: (week.said, _whole(week.said.teachers)),
        _("Questions"): shown("said", "questions"),
        _("Answers"): shown("said", "answers"),
        _("Helpful / not"): thumbs,
        _("Material"): shown("made", "material"),
        _("Chats → material → exported → reused"): lambda week: (week.steps, _funnel(week)),
    }


def _course() -> Columns:
    """How it went, in the same way."""

    def told(part: str, name: str, text: Callable[[Any], str | None]) -> Column:
        return lambda week: (getattr(week, part), text(numbers([week])[name]))

    return {
        _("First word"): told("replies", "average_first_token_ms", seconds),
        _("Until exported"): told("made", "average_finished_ms", _minutes),
        _("Stopped"): told("replies", "abandon_rate", _percent),
        _("Repeated"): told("replies", "repeat_rate", _percent),
        _("Edited"): told("made", "edit_rate", _percent),
    }


def _table(columns: Columns, weeks: Iterable[Week]) -> Table:
    rows = [
        [_day(week), *(_guarded(*column(week)) for column in columns.values())] for week in weeks
    ]
    return {"headers": [_("Week of"), *columns], "rows": rows}


def _guarded(group: Part, text: str | None) -> str:
    """Return a number, unless it is about so few teachers that it may be about one."""
    if group.teachers == 0:
        return "–"
    return (text or "–") if group.teachers >= MIN_GROUP else TOO_FEW


def _topics(weeks: Sequence[Week]) -> Table:
    rows = [
        [_day(week), str(TOPICS[topic]), _whole(questions), _whole(len(teachers))]
        for week in weeks
        for topic, questions in week.topics.most_common()
        if topic in TOPICS and len(teachers := week.topic_teachers[topic]) >= MIN_GROUP
    ]
    return {"headers": [_("Week of"), _("Topic"), _("Questions"), _("Teachers")], "rows": rows}


def _funnel(week: Week) -> str:
    steps = ("chats", "with_material", "exported", "reused")
    return " → ".join(_whole(week.steps[name]) for name in steps)


def _day(week: Week) -> str:
    return date_format(week.begins, "SHORT_DATE_FORMAT")


def _whole(number: int) -> str:
    return number_format(number, force_grouping=True)


def _minutes(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else f"{number_format(milliseconds / 60_000, 0)} min"


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{number_format(share * 100, 0)} %"
