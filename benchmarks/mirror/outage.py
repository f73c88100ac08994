"""InstantDB is away while a teacher writes, and comes back."""

import time

from benchmarks.measure import Numbers
from benchmarks.mirror.stand_in import Sent
from benchmarks.mirror.world import world
from benchmarks.mirror.writer import Writer, milliseconds

WRITES_A_SECOND = 20
CALM_SECONDS = 60.0  # before and after: the machine itself may be slower at one time
SLOWER = 1.2  # is still as fast
ROWS_A_SECOND = 1000
WAITING = "SELECT DISTINCT table_name, row_id::text FROM mirror_outbox"
ALERT = "alert: mirror-lag"


def outage(seconds: float) -> Numbers:
    """Let InstantDB refuse connections for so many seconds."""
    with world() as here:
        here.mirror.start()
        here.wait_until_leading()
        writer = Writer(here)
        with writer.going_on(1 / WRITES_A_SECOND):
            time.sleep(CALM_SECONDS)
            here.instant.stop()
            begun = time.monotonic()
            time.sleep(seconds)
            ended = time.monotonic()
            is_told = ALERT in here.cluster.webs[0].log.read_text()
            here.instant.take()
            waiting = {tuple(row.values()) for row in here.cluster.rows(WAITING)}
            here.instant.start()
            here.wait_until_sent()
            calm_again = time.monotonic()
            time.sleep(CALM_SECONDS)
        here.wait_until_sent()
        calm = milliseconds(each for each in writer.writes if not begun < each.ended < calm_again)
        during = milliseconds(each for each in writer.writes if begun < each.ended < ended)
        drained = _drained(here.instant.take(), waiting, ended)
        differences = here.differences()
        return {
            "seconds": seconds,
            "writes": len(writer.writes),
            "write_ms_calm": calm,
            "write_ms_during": during,
            "is_told": is_told,
            **drained,
            "differences": differences,
            "met": during["p95"] <= SLOWER * calm["p95"]
            and is_told
            and drained["rows_a_second"] >= ROWS_A_SECOND
            and not any(differences.values()),
        }


def _drained(sent: list[Sent], waiting: set[tuple[str, ...]], ended: float) -> Numbers:
    """Return when the sending began again, and how fast it was until nothing of old was left."""
    first: dict[tuple[str, str], float] = {}
    for each in sent:
        first.setdefault((each.table, each.row_id), each.at)
    last = max(at for row, at in first.items() if row in waiting)
    begun = min(first.values())
    rows = sum(begun < at <= last for at in first.values())  # we count from the first request on
    return {
        "rows_waiting": len(waiting),
        "seconds_until_noticed": round(begun - ended, 1),
        "seconds_to_drain": round(last - begun, 2),
        "rows_a_second": round(rows / (last - begun)),
    }
