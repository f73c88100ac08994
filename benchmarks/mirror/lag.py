"""How long after a write its row is in InstantDB."""

import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack

from benchmarks.measure import Numbers, spread
from benchmarks.mirror.stand_in import Sent
from benchmarks.mirror.world import world
from benchmarks.mirror.writer import Write, Writer, milliseconds

WRITERS, WRITES_A_SECOND = 4, 50
SECONDS = 60.0
TARGET_MS = 250


def lag() -> Numbers:
    """Let several teachers write for a while, and look when each write came there."""
    with world() as here:
        here.mirror.start()
        here.wait_until_leading()
        writers = [Writer(here, seed, teacher=seed) for seed in range(WRITERS)]
        begun = time.monotonic()
        with ExitStack() as stack:
            for writer in writers:
                stack.enter_context(writer.going_on(WRITERS / WRITES_A_SECOND))
            time.sleep(SECONDS)
        seconds = time.monotonic() - begun
        here.wait_until_sent()
        writes = [write for writer in writers for write in writer.writes]
        lags = lags_of(writes, here.instant.take())
        differences = here.differences()
        return {
            "writes": len(writes),
            "writes_a_second": round(len(writes) / seconds, 1),
            "write_ms": milliseconds(writes),
            "lag_ms": lags,
            "differences": differences,
            "met": lags["p95"] < TARGET_MS and not any(differences.values()),
        }


def lags_of(writes: Iterable[Write], sent: Iterable[Sent]) -> Numbers:
    """Return the time from the commit of each write until its row, or a newer state, was there.

    The commit is no earlier than the time that the row itself shows, and that is where we
    begin to count; for a deletion, which shows none, it is the begin of the request.
    """
    arrivals = defaultdict(list)
    for each in sent:
        updated_at = each.document["updated_at"] if each.document else float("inf")
        arrivals[each.row_id].append((each.at, updated_at))
    ahead = time.time() - time.monotonic()
    return spread(
        1000 * (_arrival(write, arrivals[write.row_id]) - _written(write, ahead))
        for write in writes
    )


def _arrival(write: Write, arrivals: list[tuple[float, float]]) -> float:
    return min(at for at, updated_at in arrivals if updated_at >= write.updated_at)


def _written(write: Write, ahead: float) -> float:
    is_deleted = write.updated_at == float("inf")
    return write.begun if is_deleted else write.updated_at / 1000 - ahead
