"""Making again what is searched, some rows at a time, while everybody works."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection, transaction

from artifacts.library.models import SearchEntry
from artifacts.library.search.find import SOURCES
from artifacts.library.search.triggers import rebuilding
from artifacts.models import Artifact
from chats.models import Chat, Message

MODELS: dict[str, Any] = {"message": Message, "chat": Chat, "artifact": Artifact}
AT_ONCE = 500  # rows in one transaction: a second or so


def incomplete() -> list[str]:
    """Return the sources of which fewer rows can be found than there are."""
    entries = SearchEntry.objects
    return [
        source
        for source in SOURCES
        if entries.filter(source=source).count() < MODELS[source].objects.count()
    ]


def rebuild(sources: Sequence[str] = tuple(SOURCES)) -> Iterator[int]:
    """Make all entries again; yield how many rows each step took. May run at any time."""
    for source in sources:
        rows, last = MODELS[source].objects.order_by("pk").values_list("pk", flat=True), None
        while ids := list((rows if last is None else rows.filter(pk__gt=last))[:AT_ONCE]):
            last = ids[-1]
            _rebuild(source, ids[0], last)
            yield len(ids)


@transaction.atomic
def _rebuild(source: str, first: Any, last: Any) -> None:
    if connection.vendor == "sqlite":
        # Its upsert would tell the FTS5 table of words that it may not have.
        SearchEntry.objects.filter(source=source, row_id__range=(first, last)).delete()
        first, last = first.hex, last.hex
    with connection.cursor() as cursor:
        cursor.execute(rebuilding(connection, source), {"first": first, "last": last})
        if source == "artifact":  # what it says of itself is kept by the same writes
            touched = "UPDATE artifacts SET kind = kind WHERE id BETWEEN %s AND %s"
            cursor.execute(touched, [first, last])
