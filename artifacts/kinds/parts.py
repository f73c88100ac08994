"""Parts that several kinds share: their schemas, and how they are printed."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from artifacts.kinds.base import Document
from artifacts.kinds.rules import plain
from artifacts.kinds.schema import (
    Schema,
    choice,
    identifier,
    line,
    many,
    points,
    record,
    text,
    whole,
)
from artifacts.sheets import Block, Heading, Lines, Paragraph, Table

Part = dict[str, Any]

LEVELS = ("I", "II", "III")  # Anforderungsbereiche: reproduce, connect, reflect

TASK: dict[str, Schema] = {
    "id": identifier(),
    "text": text(),
    "points": points(),
    "level": choice(*LEVELS),
}
STEP = record({"name": line(), "minutes": whole(1, 600), "text": text()})
GRADE_KEY = many(record({"grade": line(), "from": points(100_000)}), 2, 20)


def about(document: Document, *more: str) -> Paragraph:
    """Return the line that says what a document is for."""
    known = (
        (_("Subject"), document.get("subject")),
        (_("Grade"), document.get("grade")),
        (_("Topic"), document["topic"]),
    )
    return Paragraph(" · ".join([*(f"{name}: {value}" for name, value in known if value), *more]))


def in_minutes(number: int) -> str:
    """Return a time: 45 min."""
    return _("%(minutes)s min") % {"minutes": number}


def in_points(number: float) -> str:
    """Return points: 1 point, 2.5 points."""
    word = _("point") if number == 1 else _("points")
    return f"{plain(number)} {word}"


def name_line() -> Paragraph:
    """Return where pupils write their names."""
    return Paragraph(_("Name: ______________________________   Date: ______________"))


def tasks(parts: Iterable[Part]) -> list[Block]:
    """Print tasks as pupils get them."""
    blocks: list[Block] = []
    for number, task in enumerate(parts, 1):
        worth = f"{in_points(task['points'])}, {_('AFB')} {task['level']}"
        blocks.append(Heading(f"{_('Task')} {number} ({worth})", 2))
        blocks.append(Paragraph(task["text"]))
        if help_text := task.get("help"):
            blocks.append(Paragraph(f"{_('Help')}: {help_text}", is_note=True))
        if task.get("lines"):
            blocks.append(Lines(task["lines"]))
    return blocks


def steps(document: Document) -> Table:
    """Print the steps of an activity."""
    return Table(
        (_("Step"), _("Time"), _("What happens")),
        tuple((s["name"], in_minutes(s["minutes"]), s["text"]) for s in document["steps"]),
        (25, 12, 63),
    )


def total(document: Document) -> Paragraph:
    """Print the points of all tasks together."""
    return Paragraph(f"{_('Total')}: {in_points(document['total_points'])}")


def grade_key(document: Document) -> list[Block]:
    """Print which points give which grade, if the document says so."""
    key = document.get("grade_key")
    if not key:
        return []
    rows = tuple((grade["grade"], plain(grade["from"])) for grade in key)
    return [Heading(_("Grade key")), Table((_("Grade (mark)"), _("Points from")), rows, (50, 50))]
