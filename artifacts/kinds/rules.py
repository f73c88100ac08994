"""Rules of documents that a schema cannot say: sums, unique ids, references, order."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from artifacts.kinds.base import Document, Problem, Rule

Part = dict[str, Any]


def adds_up(parts: str, member: str, total: str) -> Rule:
    """The `member` of all `parts` sums up to the document's `total`."""

    def rule(document: Document) -> Iterator[Problem]:
        found = sum(part[member] for part in document[parts])
        if found != document[total]:
            yield (total,), wrong_sum(found, document[total])

    return rule


def wrong_sum(found: float, stated: float) -> str:
    """Say that a total is not what its parts sum up to."""
    return _("The parts add up to %(sum)s, not to %(total)s.") % {
        "sum": plain(found),
        "total": plain(stated),
    }


def plain(number: float) -> str:
    """Return a number as people write it: 3, 2.5, in German 2,5."""
    return number_format(int(number) if number == int(number) else number)


def unique(parts: str, member: str = "id") -> Rule:
    """No two `parts` have the same `member`."""

    def rule(document: Document) -> Iterator[Problem]:
        yield from repeated(document.get(parts, ()), member, (parts,))

    return rule


def repeated(parts: Sequence[Part], member: str, where: tuple[str | int, ...]) -> Iterator[Problem]:
    """Name each part whose `member` stood in one before it."""
    seen: set[Any] = set()
    for number, part in enumerate(parts):
        if part[member] in seen:
            yield (*where, number, member), _("This appears twice.")
        seen.add(part[member])


def falling_grades(document: Document) -> Iterator[Problem]:
    """Grades begin within the total and fall to 0, so that every result has exactly one."""
    key = document.get("grade_key", [])
    before = document["total_points"] + 0.5
    for number, grade in enumerate(key):
        if grade["from"] >= before:
            yield ("grade_key", number, "from"), _("Each grade must begin below the one before.")
        before = grade["from"]
    if key and before != 0:
        yield ("grade_key", len(key) - 1, "from"), _("The last grade must begin at 0 points.")
