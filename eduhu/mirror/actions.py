"""What staff do with the mirror."""

import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db import connection, transaction

from eduhu.db import now
from eduhu.mirror import capture, outbox
from eduhu.mirror.models import MirrorState, OutboxEntry

Row = tuple[str, uuid.UUID]  # table, id
PATIENCE_SECONDS = 4.0  # of a person who looks at a page

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def pause(*, by: "AbstractBaseUser", reason: str) -> bool:
    """Let nothing be sent until `resume`; return False if it was paused already."""
    MirrorState.load()
    unpaused = MirrorState.objects.filter(paused_at=None)
    return bool(unpaused.update(paused_at=now(), paused_by=by, pause_reason=reason))


def resume() -> bool:
    """Let rows be sent again; return False if nobody had paused that."""
    paused = MirrorState.objects.filter(paused_at__isnull=False)
    return bool(paused.update(paused_at=None, paused_by=None, pause_reason=""))


@transaction.atomic
def send_again(*, entries: Collection[OutboxEntry]) -> None:
    """Put entries at the end of the outbox; what was parked is so no more, unless it fails again.

    Not in their old place: their age would count as lag.
    """
    oldest_first = sorted(entries, key=lambda each: each.pk)
    operations = {(each.table, each.row_id): each.operation for each in oldest_first}
    capture.enqueue(connection, [(*row, operation) for row, operation in operations.items()])
    chosen = OutboxEntry.objects.filter(pk__in=[entry.pk for entry in entries])
    chosen.filter(parked_at__isnull=False).delete()


@transaction.atomic
def send_rows(*, rows: Collection[Row]) -> None:
    """Let rows be sent, whether anything of them waits or not."""
    outbox.enqueue(rows)


def compare(*, rows: Collection[Row]) -> dict[Row, str]:
    """Compare rows with InstantDB now, and return how each fares.

    That is `equal` or one of `compare.Kind`. What differs is sent again; what we did
    not write stays. Raises MirrorError, a few seconds after a question that InstantDB
    has not answered.
    """
    # Imported here: they bring a second HTTP client.
    from eduhu.mirror.client import client_of_settings
    from eduhu.mirror.compare import different

    with client_of_settings(PATIENCE_SECONDS) as client:
        found = different(client, rows)
    send_rows(rows=[each.row for each in found if each.is_ours_to_mend])
    kinds = {each.row: each.kind.value for each in found}
    return {row: kinds.get(row, "equal") for row in rows}
