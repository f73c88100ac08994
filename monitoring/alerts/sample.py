"""What one process can say of itself: memory, connections, breakers, and its last minutes.

Each process that serves or works keeps one `Sampler`, looks once a second, and writes
its `Sample` into its own row. So whoever evaluates the rules knows of all processes.
"""

import os
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from django.conf import settings

from eduhu import named_queries, outcomes
from eduhu.cache import stats
from eduhu.pool import pool_state
from eduhu.resilience import BreakerState, breakers

LOOKS = 120  # of reads of caches, one for each sample
FEW_CONNECTIONS = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """The numbers of one process; `…_for` is how many seconds it has been so without a break.

    `requests` are [requests, failures] by route, `slow` the longest time (ms) by the name
    of a query, `cache` [hits, reads], all within `settings.ALERT_WINDOW_SECONDS`.
    """

    memory: int = 0  # bytes
    connections: int = 0
    used: int = 0
    waiting: int = 0
    short_for: float = 0.0
    open_for: dict[str, float] = field(default_factory=dict)
    requests: dict[str, list[int]] = field(default_factory=dict)
    slow: dict[str, int] = field(default_factory=dict)
    cache: list[int] = field(default_factory=lambda: [0, 0])

    @classmethod
    def of(cls, numbers: dict[str, Any]) -> "Sample":
        """Read a stored sample, also one of another release."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in numbers.items() if name in known})

    def stored(self) -> dict[str, Any]:
        """Return what `of` reads."""
        return asdict(self)


class Since:
    """Remembers since when something is so."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def look(self, names: set[str]) -> None:
        """Note what is so now, and forget what is not."""
        moment = time.time()
        self._since = {name: self._since.get(name, moment) for name in names}

    def seconds(self) -> dict[str, float]:
        """Return for how long each of them has been so."""
        return {name: round(time.time() - since, 1) for name, since in self._since.items()}


class Sampler:
    """Measures this process."""

    def __init__(self, kind: str) -> None:
        self.name = f"{kind}@{socket.gethostname()[:60]}:{os.getpid()}"
        self._breakers, self._short = Since(), Since()
        self._reads: deque[tuple[float, int, int]] = deque(maxlen=LOOKS)

    def look(self) -> None:
        """Notice what may be over in a second; nothing is asked of the database."""
        self._short.look({"pool"} if pool_state().free < FEW_CONNECTIONS else set())
        self._breakers.look(
            {each.name for each in breakers() if each.state is not BreakerState.CLOSED}
        )

    def sample(self) -> Sample:
        """Return the numbers of this moment."""
        window = settings.ALERT_WINDOW_SECONDS
        pool = pool_state()
        return Sample(
            memory=resident_bytes(),
            connections=pool.size,
            used=pool.used,
            waiting=pool.waiting,
            short_for=self._short.seconds().get("pool", 0.0),
            open_for=self._breakers.seconds(),
            requests={name: list(both) for name, both in outcomes.recent(window).items()},
            slow=named_queries.slow_within(window),
            cache=self._cache_reads(window),
        )

    def _cache_reads(self, window: float) -> list[int]:
        totals = stats.snapshot().values()
        hits = sum(each.memory_hits + each.shared_hits for each in totals)
        reads = hits + sum(each.misses for each in totals)
        moment = time.time()
        before = list(self._kept_reads(moment - window))
        self._reads.append((moment, hits, reads))
        _when, old_hits, old_reads = before[0] if before else (moment, hits, reads)
        return [hits - old_hits, reads - old_reads]

    def _kept_reads(self, since: float) -> Iterator[tuple[float, int, int]]:
        return (each for each in self._reads if each[0] >= since)


def resident_bytes() -> int:
    """Return how much memory this process holds; where the system does not tell, its peak."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 (read often, and small)
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
