"""Durations in a bounded number of buckets: enough for averages and percentiles."""

import threading
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

_GROWTH = 1.2  # a percentile is told at most a fifth too high
BOUNDS = tuple(0.00005 * _GROWTH**step for step in range(78))  # seconds: 0.05 ms to 62 s


@dataclass(frozen=True, slots=True)
class Distribution:
    """What was measured until now; times in milliseconds, 0 where nothing was."""

    count: int
    average_ms: float
    p50_ms: float
    p95_ms: float


class Histogram:
    """Takes durations from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = [0] * (len(BOUNDS) + 1)
        self._sum = self._longest = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        bucket = bisect_left(BOUNDS, seconds)
        with self._lock:
            self._counts[bucket] += 1
            self._sum += seconds
            if seconds > self._longest:
                self._longest = seconds

    def distribution(self) -> Distribution:
        """Return average and percentiles of what was added."""
        with self._lock:
            counts, total, longest = list(self._counts), self._sum, self._longest
        count = sum(counts)
        return Distribution(
            count=count,
            average_ms=total / count * 1000 if count else 0.0,
            p50_ms=_percentile(counts, 0.50, longest) * 1000,
            p95_ms=_percentile(counts, 0.95, longest) * 1000,
        )

    @classmethod
    def merged(cls, histograms: Iterable["Histogram"]) -> "Histogram":
        """Return all of them together."""
        whole = cls()
        for each in histograms:
            with each._lock:
                pairs = zip(whole._counts, each._counts, strict=True)
                whole._counts = [ours + theirs for ours, theirs in pairs]
                whole._sum += each._sum
                whole._longest = max(whole._longest, each._longest)
        return whole


def _percentile(counts: list[int], share: float, longest: float) -> float:
    """Return the upper bound of the bucket where `share` of all is reached: never too low."""
    rank = share * sum(counts)
    for bound, count in zip(BOUNDS, counts, strict=False):
        rank -= count
        if rank <= 0:
            return min(bound, longest)
    return longest
