"""What is counted and timed: written everywhere, read by `monitoring`.

Labels are bounded: names of routes, queries, tasks, models; never an id and nothing of
what people write. Where several processes run on a machine, prometheus-client keeps
their numbers in one folder, so that any of them can show all.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from django.conf import settings

IS_ON = settings.METRICS == "on"
FOLDER = Path(settings.METRICS_DIR) if IS_ON and settings.METRICS_DIR else None
if FOLDER is not None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    # prometheus-client decides while it is imported where its values live.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(FOLDER)
else:
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)

from prometheus_client import (  # noqa: E402
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

disable_created_metrics()

MAX_CHILDREN = 1000
OTHER = "other"
REGISTRY = CollectorRegistry()

Metric = TypeVar("Metric", Counter, Gauge, Histogram)


class Family(Generic[Metric]):
    """A metric with labels; each child is looked up in a plain dictionary.

    Beyond `MAX_CHILDREN` everything new is counted as `other`: a mistake with a label
    must not cost memory.
    """

    def __init__(self, metric: Metric) -> None:
        self._metric: Metric = metric
        self._children: dict[tuple[str, ...], Metric] = {}

    def of(self, *labels: str) -> Metric:
        """Return the child with these labels."""
        child = self._children.get(labels)
        if child is None:
            if len(self._children) >= MAX_CHILDREN:
                labels = (OTHER,) * len(labels)
            child = self._children[labels] = self._metric.labels(*labels)
        return child

    def counted(self) -> Iterator[tuple[str, Mapping[str, str], float]]:
        """Yield name, labels and value of what this process has counted, and no other."""
        for family in self._metric.collect():
            for sample in family.samples:
                yield sample.name, sample.labels, sample.value


def counter(name: str, help_text: str, *labels: str) -> Family[Counter]:
    """Return a new family of counters; `name` without `_total`."""
    return Family(Counter(f"eduhu_{name}", help_text, labels, registry=REGISTRY))


def histogram(
    name: str, help_text: str, *labels: str, buckets: tuple[float, ...]
) -> Family[Histogram]:
    """Return a new family of histograms, in seconds."""
    return Family(Histogram(f"eduhu_{name}", help_text, labels, buckets=buckets, registry=REGISTRY))


def gauge(name: str, help_text: str, *labels: str, of_each: bool = False) -> Family[Gauge]:
    """Return a new family of gauges: the sum of living processes, or the value of each."""
    mode = "liveall" if of_each else "livesum"
    return Family(
        Gauge(f"eduhu_{name}", help_text, labels, registry=REGISTRY, multiprocess_mode=mode)  # type: ignore[arg-type]  # a Literal of the library's
    )


# 0.2 and 0.5 s are the target and the alert of queries; answers wait for people.
SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 10.0)
REQUEST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
LONG = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 1800.0)

REQUESTS = histogram(
    "http_request_seconds",
    "Requests until their answer begins, by route, method and status.",
    *("route", "method", "status"),
    buckets=REQUEST,
)
FIRST_EVENTS = histogram(
    "stream_first_event_seconds",
    "Streams until their first event, by route.",
    "route",
    buckets=REQUEST,
)
STREAMS = histogram("stream_seconds", "How long streams were open.", "route", buckets=LONG)
STREAM_EVENTS = counter("stream_events", "Events sent on streams and sockets.", "route")
STREAM_BYTES = counter("stream_bytes", "Bytes of these events.", "route")
STREAM_ABORTS = counter("stream_aborts", "Streams and sockets whose client just left.", "route")
STREAMS_OPEN = gauge("streams_open", "Streams and sockets that are open.", "route")
SLOW_READERS = counter("slow_readers", "Clients dropped because they did not read.", "process")
QUERIES = histogram("query_seconds", "Database statements, by name.", "query", buckets=SHORT)
CACHE_READS = counter("cache_reads", "Reads, by the tier that answered.", "content", "tier")
CACHE_EVICTIONS = counter("cache_evictions", "Entries that had to make room.", "content")
CACHE_LOADS = counter("cache_loads", "Values loaded from the database.", "content")
CACHE_LOAD_SECONDS = counter("cache_load_seconds", "Time these loads took.", "content")
TASKS = histogram("task_seconds", "Celery tasks, by state.", "task", "state", buckets=LONG)


def query_done(name: str, seconds: float) -> None:
    """Count one statement."""
    if IS_ON:
        QUERIES.of(name).observe(seconds)


_CACHE_TIERS = {"memory_hits": "memory", "shared_hits": "shared", "misses": "database"}


def cache_counted(content: str, name: str, amount: float) -> None:
    """Count what a tier has counted; the names are those of `eduhu.cache.stats`."""
    if not IS_ON:
        return
    if tier := _CACHE_TIERS.get(name):
        CACHE_READS.of(content, tier).inc(amount)
    elif name == "evictions":
        CACHE_EVICTIONS.of(content).inc(amount)
    elif name == "loads":
        CACHE_LOADS.of(content).inc(amount)
    else:
        CACHE_LOAD_SECONDS.of(content).inc(amount / 1000)
