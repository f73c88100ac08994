"""Reading the outbox: which rows wait, what they hold now, and which entries are done."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Case, Q, When

from eduhu.db import now
from eduhu.mirror import capture, people
from eduhu.mirror.client import Change
from eduhu.mirror.documents import REVISION
from eduhu.mirror.models import Operation, OutboxEntry
from eduhu.named_queries import named_query

Row = tuple[str, uuid.UUID]  # table, id
SIGN_OUTS_FIRST = Case(When(operation=Operation.DELETE, then=1), default=0)


@dataclass(frozen=True, slots=True)
class Pending:
    """A row to send, with the ids of all its entries that were read."""

    table: str
    row_id: uuid.UUID
    entries: tuple[int, ...]

    @property
    def revision(self) -> int:
        """The newest write that sending the row covers; grows from one to the next."""
        return max(self.entries)

    @property
    def row(self) -> Row:
        """Which row it is."""
        return self.table, self.row_id


@named_query("mirror.pending")
def read_pending(limit: int) -> list[Pending]:
    """Return the rows of the `limit` oldest entries, each row once."""
    entries: dict[Row, list[int]] = defaultdict(list)
    waiting = OutboxEntry.objects.filter(parked_at=None).exclude(table=people.TABLE).order_by("id")
    for number, table, row_id in waiting.values_list("id", "table", "row_id")[:limit]:
        entries[table, row_id].append(number)
    return [Pending(*row, tuple(numbers)) for row, numbers in entries.items()]


def waiting(rows: Iterable[Row]) -> set[Row]:
    """Return those of the rows that are still to be sent; parked ones are not."""
    entries = OutboxEntry.objects.filter(parked_at=None)
    found: set[Row] = set()
    for table, ids in by_table(rows).items():
        of_table = entries.filter(table=table, row_id__in=ids).values_list("row_id", flat=True)
        found |= {(table, row_id) for row_id in of_table}
    return found


def by_table(rows: Iterable[Row]) -> dict[str, list[uuid.UUID]]:
    """Return the ids by table, both in the order in which they came."""
    ids: dict[str, list[uuid.UUID]] = defaultdict(list)
    for table, row_id in rows:
        ids[table].append(row_id)
    return ids


def people_to_sign_out(limit: int) -> list[OutboxEntry]:
    """Return `limit` entries about people: whom to sign out before whom to forget, oldest first."""
    waiting = OutboxEntry.objects.filter(parked_at=None, table=people.TABLE)
    # By age alone, all rows that wait could be passed to find none.
    return list(waiting.order_by(SIGN_OUTS_FIRST, "id")[:limit])


def changes_of(pending: Iterable[Pending]) -> list[Change]:
    """Return what each row holds now; to be called after its entries were read."""
    revisions = {each.row: each.revision for each in pending}
    return [
        Change(*row, {**document, REVISION: revisions[row]} if document is not None else None)
        for row, document in documents_of(revisions).items()
    ]


def documents_of(rows: Iterable[Row]) -> dict[Row, dict[str, object] | None]:
    """Return the rows as InstantDB should hold them; None for one that is gone."""
    found: dict[Row, dict[str, object] | None] = dict.fromkeys(rows)
    sources = capture.sources()
    for table, ids in by_table(found).items():
        if table in sources:  # else it was mirrored once; its rows are to go
            for document in sources[table].documents(ids):
                found[table, uuid.UUID(document["id"])] = document
    return found


def forget(done: Sequence[Pending]) -> None:
    """Delete exactly the entries that were sent, and what was parked of these rows before."""
    numbers = [number for each in done for number in each.entries]
    OutboxEntry.objects.filter(pk__in=numbers + _parked_before(done)).delete()


def _parked_before(done: Sequence[Pending]) -> list[int]:
    """Return the parked entries of rows that are older than what was sent of them."""
    of_rows = Q()
    for table, ids in by_table(each.row for each in done).items():
        of_rows |= Q(table=table, row_id__in=ids)
    if not of_rows:
        return []
    revisions = {each.row: each.revision for each in done}
    parked = OutboxEntry.objects.filter(of_rows, parked_at__isnull=False)
    return [
        number
        for number, table, row_id in parked.values_list("id", "table", "row_id")
        if number < revisions[table, row_id]
    ]


def park(pending: Pending, reason: str) -> None:
    """Set a row aside with the reason: one entry stays, the newest."""
    older = Q(table=pending.table, row_id=pending.row_id, parked_at__isnull=False)
    OutboxEntry.objects.filter(older | Q(pk__in=pending.entries), id__lt=pending.revision).delete()
    OutboxEntry.objects.filter(pk=pending.revision).update(parked_at=now(), reason=reason)


def enqueue(rows: Iterable[Row]) -> None:
    """Let rows be sent again."""
    capture.enqueue(connection, [(table, row_id, "update") for table, row_id in rows])
