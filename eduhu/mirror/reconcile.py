"""Comparing both sides row by row, and repairing what differs.

Nothing is sent from here: a row to repair gets an entry in the outbox, like one that
was written. So it may run beside writes, beside the drain and beside itself, and
whoever was killed begins again.
"""

import datetime as dt
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db.models import Max

from eduhu.db import now
from eduhu.mirror import capture, outbox, walk
from eduhu.mirror.capture import Source
from eduhu.mirror.client import InstantClient
from eduhu.mirror.compare import Difference, settled
from eduhu.mirror.failures import Busy, MirrorError, Unreachable
from eduhu.mirror.models import MirrorState, OutboxEntry, ReconcileReport
from eduhu.mirror.outbox import Row
from eduhu.resilience import Retry

PIECE = 1000  # rows
PAGE = 5000  # ids and revisions of InstantDB: small rows, and each request costs
# As much as the drain takes at once: what is written meanwhile waits behind no more.
MOST_WAITING = 2000
POLL_SECONDS = 0.1
STALL_SECONDS = 90.0  # a drain that has lost its server asks again every 30 s

Progress = Callable[[int], None]  # told the number of rows compared so far


def _asked_delay(error: BaseException) -> float | None:
    return error.retry_after if isinstance(error, Busy) else None


PATIENCE = Retry(on=(Unreachable, Busy), attempts=4, longest_delay=35.0, asked_delay=_asked_delay)


class Stalled(MirrorError):
    """Nothing leaves the outbox."""


def size_of(report: ReconcileReport) -> int:
    """Return how many rows of ours there are to compare."""
    sources = [capture.sources()[table] for table in report.tables]
    return sum(walk.our_rows(source, report.since).count() for source in sources)


@contextmanager
def reported(**scope: Any) -> Iterator[ReconcileReport]:
    """Keep a report of what happens inside; without an end, if the process is killed."""
    report = ReconcileReport.objects.create(**scope)
    ReconcileReport.prune()
    try:
        yield report
    except MirrorError as error:
        report.reason = f"{type(error).__name__}: {error}"
        raise
    finally:
        if report.reason or sys.exception() is None:
            report.finished_at = now()
        report.save()


def whole_table(
    client: InstantClient, source: Source, since: dt.datetime | None
) -> Iterator[list[uuid.UUID]]:
    """Yield all ids in pieces: first ours, then those that only InstantDB has."""
    after: uuid.UUID | None = None
    while ids := walk.our_ids(source, after, PIECE, since):
        yield ids
        after = ids[-1]
    extra: dict[uuid.UUID, None] = {}
    place: walk.Place | None = walk.Place()
    while place is not None:
        look = partial(walk.their_ids, client, source, place, PAGE, since)
        ids, place = PATIENCE.call(look, idempotent=True)
        extra |= dict.fromkeys(walk.unknown(source, ids))
    # Not before the walk has ended: deleting them would move the rest under its feet.
    strangers = list(extra)
    for start in range(0, len(strangers), PIECE):
        yield strangers[start : start + PIECE]


def compare(
    client: InstantClient,
    report: ReconcileReport,
    progress: Progress,
    on_found: Callable[[list[Difference]], None] = lambda _found: None,
) -> None:
    """Compare the tables of the report, whole or `since`, and count. Raises MirrorError."""
    for table in report.tables:
        for ids in whole_table(client, capture.sources()[table], report.since):
            look = partial(settled, client, [(table, row_id) for row_id in ids])
            found = PATIENCE.call(look, idempotent=True)
            count(report, len(ids), found)
            on_found(found)
            progress(report.compared)


def count(report: ReconcileReport, compared: int, found: list[Difference]) -> None:
    """Add rows that were compared, and those of them that differ, to the numbers."""
    report.compared += compared
    for each in found:
        setattr(report, each.kind, getattr(report, each.kind) + 1)
    for each in found[: report.SAMPLE_ROWS - len(report.sample)]:
        named = {"table": each.table, "row_id": str(each.row_id), "kind": each.kind.value}
        report.sample.append(named)


def repair(
    client: InstantClient,
    report: ReconcileReport,
    progress: Progress,
    on_foreign: Callable[[list[Row]], None],
) -> int:
    """Let what differs be sent, and return how many rows differ even then.

    `on_foreign` is told, once all is compared, which rows in InstantDB are not ours,
    if any; to delete them is to `send_again`. A drain must be running. Raises MirrorError.
    """
    foreign: list[Row] = []

    def mend(found: list[Difference]) -> None:
        foreign.extend(each.row for each in found if not each.is_ours_to_mend)
        send_again([each.row for each in found if each.is_ours_to_mend])

    compare(client, report, progress, mend)
    if not report.found:
        return 0
    if foreign:
        on_foreign(foreign)
    wait_until_sent()
    left = ReconcileReport(tables=report.tables, since=report.since)
    compare(client, left, progress)
    report.repaired = max(0, report.found - left.found)
    report.sample = left.sample or report.sample
    return left.found


def send_again(rows: list[Row]) -> None:
    """Give rows to the outbox, never so many that it is too full. Raises Stalled."""
    for start in range(0, len(rows), PIECE):
        outbox.enqueue(rows[start : start + PIECE])
        wait_until_sent(MOST_WAITING)


def wait_until_sent(most: int = 0) -> None:
    """Wait until of the entries there are now at most `most` wait. Raises Stalled."""
    newest = OutboxEntry.objects.aggregate(newest=Max("id"))["newest"] or 0
    waiting = OutboxEntry.objects.filter(parked_at=None, id__lte=newest).order_by("id")
    seen, deadline = None, 0.0
    # Never all of them: after an outage a million may wait.
    while len(ids := waiting.values_list("id", flat=True)[: most + 1]) > most:
        signs = ids[0], MirrorState.load().sent_at
        if signs != seen:
            seen, deadline = signs, time.monotonic() + STALL_SECONDS
        elif time.monotonic() > deadline:
            raise Stalled(f"rows wait, and none was sent for {STALL_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
