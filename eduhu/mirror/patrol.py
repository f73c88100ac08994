"""The light comparison that goes on all day: what was written lately, and a slice of the rest.

Each run looks at up to `SLICE` rows of each table from where the last one stopped, on
both sides, and begins again at the end. With a run each ten minutes that is 144,000
rows of each table a day. It deletes nothing that we did not write: it only tells.
"""

import datetime as dt
import logging
import uuid
from typing import Any

from eduhu.db import now
from eduhu.mirror import capture, schema, walk
from eduhu.mirror.capture import Source
from eduhu.mirror.client import InstantClient, client_of_settings
from eduhu.mirror.compare import settled
from eduhu.mirror.failures import MirrorError
from eduhu.mirror.models import ReconcileReport
from eduhu.mirror.outbox import Row, enqueue
from eduhu.mirror.reconcile import count, reported

logger = logging.getLogger(__name__)

SLICE = 1000  # rows
OVERLAP = dt.timedelta(minutes=1)  # what was written while the last run looked
LONGEST = dt.timedelta(hours=6)  # older writes are left to the slices


def run() -> None:
    """Compare a part, send again what differs of ours, and keep a report; failures are in it."""
    last = _last()
    since = max(last.started_at - OVERLAP, now() - LONGEST) if last else now() - LONGEST
    position: dict[str, Any] = last.position or {} if last else {}
    scope = {"tables": list(capture.sources()), "since": since, "is_repair": True}
    try:
        with client_of_settings() as client, reported(**scope) as report:
            schema.demand(client)
            for table, source in capture.sources().items():
                ids, position[table] = _part(client, source, since, position.get(table))
                _compare(client, report, [(table, row_id) for row_id in ids])
            report.position = position
    except MirrorError as error:
        logger.warning("the mirror could not be compared: %s", error)


def _last() -> ReconcileReport | None:
    # A clock that was set back has left some of the future; they would hide what is new.
    done = ReconcileReport.objects.filter(position__isnull=False, started_at__lte=now())
    return done.order_by("-id").first()


def _part(
    client: InstantClient, source: Source, since: dt.datetime, position: Any
) -> tuple[list[uuid.UUID], Any]:
    """Return the ids to compare, and the position after them: [our id, [revision, seen]]."""
    after, place = position or [None, [None, 0]]
    mine = walk.our_ids(source, uuid.UUID(after) if after else None, SLICE)
    theirs, next_place = walk.their_ids(client, source, walk.Place(*place), SLICE)
    sent, _more = walk.their_ids(client, source, walk.Place(), SLICE, since)
    strangers = walk.unknown(source, [*theirs, *sent])
    written = walk.our_rows(source, since).order_by(f"-{source.written_at}")
    lately = written.values_list("pk", flat=True)[:SLICE]
    goes_on = next_place or walk.Place()
    next_position = [
        str(mine[-1]) if len(mine) == SLICE else None,
        [goes_on.revision, goes_on.seen],
    ]
    return list(dict.fromkeys([*lately, *mine, *strangers])), next_position


def _compare(client: InstantClient, report: ReconcileReport, rows: list[Row]) -> None:
    found = settled(client, rows)
    count(report, len(rows), found)
    ours = [each for each in found if each.is_ours_to_mend]
    if ours:
        logger.error("%d rows of the mirror differ, and are sent again: %s, …", len(ours), ours[0])
    if foreign := len(found) - len(ours):
        logger.warning("%d rows in InstantDB were not written by eduhu, and stay there", foreign)
    enqueue(each.row for each in ours)
    report.repaired += len(ours)
