"""What differs between our rows and InstantDB's."""

import enum
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from eduhu.mirror import outbox
from eduhu.mirror.client import InstantClient
from eduhu.mirror.documents import REVISION, Document, same
from eduhu.mirror.outbox import Row

ROWS_PER_REQUEST = 250  # whole rows, on both sides


class Kind(enum.StrEnum):
    """How a row differs."""

    MISSING = "missing"  # only here
    EXTRA = "extra"  # only in InstantDB, and written by us
    FOREIGN = "foreign"  # only in InstantDB, and not written by us
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that InstantDB does not hold as we do; `ours` is None where we have none."""

    table: str
    row_id: uuid.UUID
    kind: Kind
    ours: Document | None

    def __str__(self) -> str:
        return f"{self.table} {self.row_id} {self.kind}"

    @property
    def row(self) -> Row:
        """Which row it is."""
        return self.table, self.row_id

    @property
    def is_ours_to_mend(self) -> bool:
        """Whether it may be mended unasked: what we did not write, we do not delete."""
        return self.kind is not Kind.FOREIGN


def different(client: InstantClient, rows: Iterable[Row]) -> list[Difference]:
    """Return what differs at this moment, also what is on its way. Raises MirrorError."""
    found: list[Difference] = []
    for table, some in _requests(rows):
        found += _look(client, table, some)
    return found


def settled(client: InstantClient, rows: Iterable[Row]) -> list[Difference]:
    """Return what differs though nothing of it is on its way. Raises MirrorError.

    What differs and has no entry in the outbox may have been written and sent between
    the two readings. So it is looked at again: what InstantDB lacks even then, while
    our row has stayed as it was, nobody will send.
    """
    found: list[Difference] = []
    for table, some in _requests(rows):
        suspects = {each.row_id: each for each in _look(client, table, some)}
        for _table, row_id in outbox.waiting(each.row for each in suspects.values()):
            del suspects[row_id]
        for each in _look(client, table, list(suspects)) if suspects else []:
            if each.ours == suspects[each.row_id].ours:
                found.append(each)
    return found


def _requests(rows: Iterable[Row]) -> Iterator[tuple[str, list[uuid.UUID]]]:
    for table, ids in outbox.by_table(rows).items():
        for start in range(0, len(ids), ROWS_PER_REQUEST):
            yield table, ids[start : start + ROWS_PER_REQUEST]


def _look(client: InstantClient, table: str, ids: list[uuid.UUID]) -> Iterator[Difference]:
    theirs = client.rows(table, ids)
    for row, ours in outbox.documents_of((table, row_id) for row_id in ids).items():
        if (kind := _kind(ours, theirs.get(row[1]))) is not None:
            yield Difference(*row, kind, ours)


def _kind(ours: Document | None, theirs: Document | None) -> Kind | None:
    if ours is None:
        return None if theirs is None else _kind_of_stranger(theirs)
    if theirs is None:
        return Kind.MISSING
    return None if same(ours, theirs) else Kind.DIFFERENT


def _kind_of_stranger(theirs: Document) -> Kind:
    return Kind.FOREIGN if theirs.get(REVISION) is None else Kind.EXTRA
