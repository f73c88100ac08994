"""What a process is, rather than does: memory, connections, breakers; looked at now and then."""

import os
import resource
import sys
import threading
from pathlib import Path

from eduhu import metrics
from eduhu.cache import memory
from eduhu.pool import pool_state
from eduhu.resilience import BreakerState, breakers

SAMPLE_SECONDS = 5.0
_BREAKER_STATES = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SELF = Path("/proc/self")

RESIDENT = metrics.gauge("process_resident_bytes", "Resident memory.", "process", of_each=True)
FILES = metrics.gauge("process_open_files", "Open files and sockets.", "process", of_each=True)
THREADS = metrics.gauge("process_threads", "Threads.", "process", of_each=True)
CPU = metrics.gauge("process_cpu_seconds", "CPU time used so far.", "process", of_each=True)
POOL = metrics.gauge(
    "pool_connections",
    "Database connections (SQLite: statements) of a process: size, used, free, waiting.",
    *("process", "state"),
    of_each=True,
)
CACHE_BYTES = metrics.gauge("cache_memory_bytes", "Kept in process memory.", "process")
CACHE_ENTRIES = metrics.gauge("cache_memory_entries", "Kept in process memory.", "process")
BREAKERS = metrics.gauge(
    "breaker_state", "0 closed, 1 half open, 2 open.", "breaker", "process", of_each=True
)

_name = "web"


def resident_bytes() -> int:
    """Return the resident memory of this process; where Linux does not tell, its peak."""
    if (_SELF / "statm").exists():
        return int((_SELF / "statm").read_text().split()[1]) * _PAGE
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def sample() -> None:
    """Note how this process is now."""
    if not metrics.IS_ON:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    RESIDENT.of(_name).set(resident_bytes())
    CPU.of(_name).set(used.ru_utime + used.ru_stime)
    THREADS.of(_name).set(threading.active_count())
    if (_SELF / "fd").exists():
        FILES.of(_name).set(sum(1 for _ in (_SELF / "fd").iterdir()))
    pool = pool_state()
    for state in ("size", "used", "free", "waiting"):
        POOL.of(_name, state).set(getattr(pool, state))
    entries, size = memory.size()
    CACHE_ENTRIES.of(_name).set(entries)
    CACHE_BYTES.of(_name).set(size)
    for breaker in breakers():
        BREAKERS.of(breaker.name, _name).set(_BREAKER_STATES[breaker.state])


def begin(name: str) -> None:
    """Look at this process, a `name` among `web`, `replies`, `mirror` and `tasks`, from now on.

    Where it is the only one, its numbers are looked at when somebody asks.
    """
    global _name
    _name = name
    if metrics.FOLDER is not None:
        threading.Thread(target=_sample_forever, name="metrics", daemon=True).start()


def _sample_forever() -> None:
    pause = threading.Event()
    while True:
        sample()
        pause.wait(SAMPLE_SECONDS)
