"""What whole families of processes use, and what everybody else on the machine does (Linux)."""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from benchmarks.measure import TICKS, rss_mb


def family(roots: Iterable[int]) -> list[int]:
    """Return `roots` and all their living descendants."""
    found, waiting = [], list(roots)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(FileNotFoundError):  # a thread that has ended meanwhile
                waiting += [int(child) for child in children.read_text().split()]
    return found


def family_cpu_seconds(roots: Iterable[int]) -> float:
    """Return the CPU time of the processes, their descendants and those of them that have ended."""
    return sum(map(_cpu_with_ended_children, family(roots)))


def _cpu_with_ended_children(pid: int) -> float:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0  # it has ended meanwhile, and stands with its parent next time
    return sum(map(int, after_name[11:15])) / TICKS


def family_rss_mb(roots: Iterable[int]) -> float:
    """Return the resident memory of the processes and their descendants in MB (10^6 bytes)."""
    return round(sum(map(rss_mb, family(roots))), 1)


class Others:
    """What others use of the machine from now on: the noise of a measurement."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._busy = _busy_seconds()

    def cores(self, own: float) -> float:
        """Return the cores in use since the start, less `own` CPU seconds."""
        busy = _busy_seconds() - self._busy - own
        return round(max(0.0, busy / (time.monotonic() - self._started)), 2)


def _busy_seconds() -> float:
    first, *_ = Path("/proc/stat").read_text().splitlines()
    user, nice, system, _idle, _iowait, irq, softirq, *_ = map(int, first.split()[1:])
    return (user + nice + system + irq + softirq) / TICKS
