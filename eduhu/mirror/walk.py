"""Walking a table in pieces, on our side and on InstantDB's, while it is written to.

We walk by primary key. InstantDB orders only by what is indexed, so there we walk by
revision, which grows with each write: a row that is sent meanwhile is met again.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import models

from eduhu.db import epoch_ms
from eduhu.mirror.capture import Source
from eduhu.mirror.client import InstantClient
from eduhu.mirror.documents import REVISION


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk of their side goes on: at `revision`, after `seen` of its rows.

    Rows without a revision, which are not ours, come first (None).
    """

    revision: float | None = None
    seen: int = 0


def our_rows(source: Source, since: dt.datetime | None) -> models.QuerySet[Any]:
    """Return the rows of our table, those written `since` or all."""
    rows = source.model._base_manager.all()
    return rows if since is None else rows.filter(**{f"{source.written_at}__gte": since})


def our_ids(
    source: Source, after: uuid.UUID | None, limit: int, since: dt.datetime | None = None
) -> list[uuid.UUID]:
    """Return the next ids of our table; fewer than `limit` at the end."""
    rows = our_rows(source, since).order_by("pk")
    rows = rows if after is None else rows.filter(pk__gt=after)
    return list(rows.values_list("pk", flat=True)[:limit])


def their_ids(
    client: InstantClient,
    source: Source,
    place: Place,
    limit: int,
    since: dt.datetime | None = None,
) -> tuple[list[uuid.UUID], Place | None]:
    """Return the next ids of their table, and where to go on, None at the end.

    The ids of the last revision come once more with the next call: who counted them
    off would miss others, once one of them is deleted. Raises MirrorError.
    """
    where: dict[str, Any] = {}
    if place.revision is not None:
        where[REVISION] = {"$gte": place.revision}
    if since is not None:
        where[source.written_at] = {"$gte": epoch_ms(since)}
    found = client.revisions(source.table, where, offset=place.seen, limit=limit)
    ids = [row_id for row_id, _revision in found]
    if len(found) < limit:
        return ids, None
    last = found[-1][1]
    return ids, Place(last, place.seen + limit if found[0][1] == last else 0)


def unknown(source: Source, ids: list[uuid.UUID]) -> list[uuid.UUID]:
    """Return those of their ids that our table does not have."""
    known = set(source.model._base_manager.filter(pk__in=ids).values_list("pk", flat=True))
    return [row_id for row_id in ids if row_id not in known]
