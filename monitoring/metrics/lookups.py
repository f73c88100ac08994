"""Numbers that nobody counts: they are looked up, at most once in `KEPT_SECONDS`.

A look-up that takes long, because its service is away, does not hold up the others:
after `PATIENCE_SECONDS` the last answer is told, and `eduhu_lookup_up` says 0.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

logger = logging.getLogger(__name__)

KEPT_SECONDS = 5.0
PATIENCE_SECONDS = 2.0
FORGOTTEN_SECONDS = 60.0

Ask = Callable[[], list[Metric]]


def gauge(name: str, help_text: str, labels: tuple[str, ...] = ()) -> GaugeMetricFamily:
    """Return an empty family of our own."""
    return GaugeMetricFamily(f"eduhu_{name}", help_text, labels=labels)


def number(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    """Return a family of one number."""
    family = gauge(name, help_text)
    family.add_metric((), value)
    return family


class LookUp:
    """One source. Asked again only when the last question was answered."""

    def __init__(self, name: str, ask: Ask) -> None:
        self.name = name
        self._ask = ask
        self._running: Future[None] | None = None
        self._answer: list[Metric] = []
        self._answered_at = -FORGOTTEN_SECONDS
        self._is_up = False

    def begin(self, executor: ThreadPoolExecutor) -> "Future[None] | None":
        """Ask, unless the answer is young; return what to wait for."""
        is_running = self._running is not None and not self._running.done()
        if not is_running and time.monotonic() - self._answered_at >= KEPT_SECONDS:
            self._running = executor.submit(self._run)
        return self._running

    def _run(self) -> None:
        try:
            self._answer, self._is_up = self._ask(), True
            self._answered_at = time.monotonic()
        except Exception as error:  # noqa: BLE001 (the edge of a source: it may be away)
            self._is_up = False
            logger.warning("%s cannot be looked up: %s", self.name, type(error).__name__)

    def told(self) -> list[Metric]:
        """Return the last answer; nothing when it is too old to be of use."""
        return self._answer if self._age() < FORGOTTEN_SECONDS else []

    def is_up(self) -> bool:
        """Whether the answer is of now."""
        return self._is_up and self._age() < KEPT_SECONDS + PATIENCE_SECONDS

    def _age(self) -> float:
        return time.monotonic() - self._answered_at


class LookUps:
    """All sources, as a collector of prometheus-client's."""

    def __init__(self, *sources: LookUp) -> None:
        self._sources = sources
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield what the sources say."""
        with self._lock:
            if self._executor is None:  # a thread for each, so that none waits for another
                self._executor = ThreadPoolExecutor(len(self._sources), "metrics")
            wait([f for s in self._sources if (f := s.begin(self._executor))], PATIENCE_SECONDS)
            up = gauge("lookup_up", "Whether a source answers.", ("source",))
            for source in self._sources:
                up.add_metric((source.name,), source.is_up())
                yield from source.told()
            yield up
