"""How the requests of the last minutes ended in this process, by route, in bounded memory."""

import threading
import time
from collections import deque
from contextvars import ContextVar

BUCKET_SECONDS = 10
KEPT_SECONDS = 900
MAX_ROUTES = 200  # names come from our own routes; more than these is a mistake of ours
OTHER = "other"

Counts = dict[str, tuple[int, int]]  # route → (requests, those of them that ended with 5xx)

is_wanted: ContextVar[bool] = ContextVar("is_wanted", default=False)  # that this one is refused

_lock = threading.Lock()
_wanted = 0  # requests that were refused because operators want it so
_buckets: deque[tuple[int, dict[str, list[int]]]] = deque(maxlen=KEPT_SECONDS // BUCKET_SECONDS)


def note(route: str, status: int) -> None:
    """Count one request that has ended; `route` is its name, never its path."""
    global _wanted
    number = int(time.time() // BUCKET_SECONDS)
    failed = status >= 500
    with _lock:
        _wanted += failed and is_wanted.get()
        if not _buckets or _buckets[-1][0] != number:
            _buckets.append((number, {}))
        counts = _buckets[-1][1]
        if route not in counts and len(counts) >= MAX_ROUTES:
            route = OTHER
        both = counts.setdefault(route, [0, 0])
        both[0] += 1
        both[1] += failed and not is_wanted.get()


def wanted() -> int:
    """Return how many requests of this process ended with 5xx as operators want it."""
    return _wanted


def recent(seconds: float) -> Counts:
    """Return the counts of the last `seconds` by route."""
    oldest = int((time.time() - seconds) // BUCKET_SECONDS)
    sums: dict[str, list[int]] = {}
    with _lock:
        for number, counts in _buckets:
            if number <= oldest:
                continue
            for route, (requests, failures) in counts.items():
                both = sums.setdefault(route, [0, 0])
                both[0] += requests
                both[1] += failures
    return {route: (requests, failures) for route, (requests, failures) in sums.items()}


def forget() -> None:
    """Begin again."""
    with _lock:
        _buckets.clear()
