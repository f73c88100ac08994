"""What one process has counted since it began, of the metrics that the dashboard shows."""

from collections.abc import Callable, Mapping
from typing import Any

from chats.models import ReplyState
from chats.replies.metrics import COST, REPLIES, TOKENS
from eduhu import metrics, outcomes

Numbers = dict[str, Any]  # by name: a number, or a list of them

BUCKETS = (*metrics.REQUEST, float("inf"))  # seconds
# Asked by machines and staff: their times would hide what teachers wait for.
UNTOLD = {"health-live", "health-ready", "metrics", "static"}


def counted() -> Numbers:
    """Return the totals of this process; `latency` counts requests by `BUCKETS`."""
    requests, failures, latency = _requests()
    reads = metrics.CACHE_READS
    ended = _sum(REPLIES)
    failed = _sum(REPLIES, lambda labels: labels["state"] in _TROUBLE)
    return {
        "requests": requests,
        "failures": failures,
        "latency": latency,
        "replies": ended,
        "troubles": failed,
        "tokens": _sum(TOKENS),
        "cost": _sum(COST),
        "reads": _sum(reads),
        "hits": _sum(reads, lambda labels: labels["tier"] != "database"),
    }


def open_streams() -> int:
    """Return how many streams and sockets this process has open."""
    return int(_sum(metrics.STREAMS_OPEN))


_TROUBLE = {ReplyState.FAILED.value, ReplyState.INTERRUPTED.value}


def _requests() -> tuple[float, float, list[float]]:
    requests = failures = 0.0
    below = dict.fromkeys(BUCKETS, 0.0)  # each bucket counts what the ones before it count
    for name, labels, value in metrics.REQUESTS.counted():
        if labels["route"] in UNTOLD or labels["route"].startswith("admin:"):
            continue
        if name.endswith("_bucket"):
            below[float(labels["le"])] += value
        elif name.endswith("_count"):
            requests += value
            failures += value if labels["status"] >= "500" else 0
    sums = list(below.values())
    return (
        requests,
        # Whom operators refuse on purpose (switches, maintenance) nobody needs to help.
        failures - outcomes.wanted() if requests else 0.0,
        [now - before for now, before in zip(sums, [0.0, *sums], strict=False)],
    )


def _sum(
    family: metrics.Family[Any],
    is_meant: Callable[[Mapping[str, str]], bool] = lambda _labels: True,
) -> float:
    return sum(value for _name, labels, value in family.counted() if is_meant(labels))


def growth(current: Numbers, before: Numbers) -> Numbers:
    """Return what came since."""
    return {
        name: [a - b for a, b in zip(value, before[name], strict=True)]
        if isinstance(value, list)
        else value - before[name]
        for name, value in current.items()
    }


def added(numbers: Numbers, more: Numbers) -> Numbers:
    """Return both together; what only one of them has is as it is there."""
    both = {**numbers}
    for name, value in more.items():
        known = both.get(name, [0] * len(value) if isinstance(value, list) else 0)
        if isinstance(value, list):
            # Of another release, with other buckets: the old ones cannot be read any more.
            known = known if len(known) == len(value) else [0] * len(value)
            both[name] = [a + b for a, b in zip(known, value, strict=True)]
        else:
            both[name] = known + value
    return both


def percentile(latency: list[float], share: float) -> float | None:
    """Return within how many seconds `share` of all was answered; None where nothing is known.

    Between the bounds of a bucket it is a guess, as Prometheus makes it as well.
    """
    if len(latency) != len(BUCKETS) or not any(latency):
        return None
    rank, low = share * sum(latency), 0.0
    for bound, count in zip(metrics.REQUEST, latency, strict=False):
        if count and rank <= count:
            return low + (bound - low) * rank / count
        rank, low = rank - count, bound
    return low
