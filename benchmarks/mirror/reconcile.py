"""What reconcile finds and repairs, and how long a mirror takes that begins with nothing."""

import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

from benchmarks.measure import Numbers
from benchmarks.mirror.world import SECONDS, World, world
from benchmarks.mirror.writer import Writer

CHANGED, DELETED, FOREIGN = 50, 20, 10
SMALL = 5000  # rows beside those that differ
REBUILD_SECONDS = 300
WRITE_PAUSE = 0.1


def repair(rows: int) -> Numbers:
    """Damage the mirror behind its back, and repair it in one run."""
    with world() as here:
        here.fill(min(rows, SMALL))
        here.mirror.start()
        here.run("mirror_reconcile", "--repair")
        _damage(here)
        found = here.manage("mirror_reconcile")
        found.communicate(timeout=SECONDS)
        seconds, peak, text = _timed(here.manage("mirror_reconcile", "--repair"))
        differences = here.differences()
        wanted = f"{DELETED} missing, 0 extra, {FOREIGN} foreign, {CHANGED} different; 80 repaired"
        return {
            "rows": min(rows, SMALL),
            "exit_code_without_repair": found.returncode,
            "seconds": seconds,
            "peak_rss_mb": peak,
            "said": text.splitlines()[-1],
            "differences": differences,
            "met": found.returncode == 1 and wanted in text and not any(differences.values()),
        }


def _damage(here: World) -> None:
    page = {"order": {"mirror_rev": "asc"}, "limit": CHANGED + DELETED}
    rows = here.ask("/admin/query", {"query": {"messages": {"$": page}}})["messages"]
    ids = [row["id"] for row in rows]
    steps: list[Any] = [["update", "messages", each, {"content": "?"}] for each in ids[:CHANGED]]
    steps += [["delete", "messages", each, None] for each in ids[CHANGED:]]
    steps += [["update", "messages", str(uuid.uuid4()), {"content": "?"}] for _ in range(FOREIGN)]
    here.ask("/admin/transact", {"steps": steps})


def rebuild(rows: int) -> Numbers:
    """Fill an empty mirror with rows that are older than it, while a teacher writes."""
    with world() as here:
        here.fill(rows)
        here.mirror.start()
        writer = Writer(here)
        with writer.going_on(WRITE_PAUSE):
            seconds, peak, text = _timed(here.manage("mirror_reconcile", "--repair"))
        here.wait_until_sent()
        differences = here.differences()
        return {
            "rows": rows,
            "seconds": seconds,
            "rows_a_second": round(rows / seconds),
            "peak_rss_mb": peak,
            "said": text.splitlines()[-1],
            "meanwhile": writer.numbers(),
            "differences": differences,
            "met": seconds < REBUILD_SECONDS and not any(differences.values()),
        }


def _timed(process: "subprocess.Popen[str]") -> tuple[float, float, str]:
    """Return the seconds a command took, its highest memory in MB, and what it printed."""
    begun, peak = time.monotonic(), 0.0
    while process.poll() is None and time.monotonic() < begun + SECONDS:
        peak = max(peak, _peak_rss_mb(process.pid))
        time.sleep(0.1)
    seconds = round(time.monotonic() - begun, 1)
    process.kill()
    text, _none = process.communicate()
    if process.returncode:
        raise RuntimeError(text)
    return seconds, peak, text


def _peak_rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) * 1024 / 1e6, 1)
    return 0.0  # it has ended
