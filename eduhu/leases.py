"""Taking work from a table whose rows say when they are due: a moved time is a lease."""

import datetime as dt
from typing import TypeVar

from django.db.models import Model, QuerySet

from eduhu.db import now

Row = TypeVar("Row", bound=Model)


def take_due(waiting: QuerySet[Row], lease: dt.timedelta) -> Row | None:
    """Take the row of `waiting` that has been due (`due_at`) longest, or None.

    It is nobody else's until `lease` is over; who dies over it leaves it to the next. Any
    number of processes may ask at once.
    """
    while True:
        row = waiting.filter(due_at__lte=now()).order_by("due_at", "pk").first()
        if row is None:
            return None
        seen = row.due_at  # type: ignore[attr-defined]  # which each such model has
        # Of several processes, one moves the time.
        if waiting.filter(pk=row.pk, due_at=seen).update(due_at=now() + lease):
            return row
