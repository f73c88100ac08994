"""What a teacher may read: own rows first, then those that others share with them.

Two statements, each by its own index, and the second one seldom: most reads are of own rows.
"""

import uuid
from typing import Any, Protocol

from django.db.models import QuerySet

from teachers.models import Teacher


class Sharable(Protocol):
    """A manager or query of rows that have an owner, who may share them."""

    def for_teacher(self, teacher: Teacher) -> QuerySet[Any]:
        """Keep the own rows of `teacher`."""

    def shared_with(self, teacher: Teacher) -> QuerySet[Any]:
        """Keep what others let `teacher` read at this moment."""


def own_then_shared(rows: Sharable, teacher: Teacher) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """Return a teacher's own rows, and those that others share with them."""
    return rows.for_teacher(teacher), rows.shared_with(teacher)


def first_readable(
    rows: Sharable, teacher: Teacher, pk: uuid.UUID, *fields: str, **expressions: Any
) -> dict[str, Any] | None:
    """Return values of one row, own or shared; None where the teacher may not read it."""
    for readable in own_then_shared(rows, teacher):
        row = readable.filter(pk=pk).values(*fields, **expressions).first()
        if row is not None:
            return dict(row)
    return None
