"""What the tiers did in this process, by content."""

import threading
from dataclasses import asdict, dataclass, fields

from eduhu import metrics
from eduhu.cache.policies import Content


@dataclass(slots=True)
class Counts:
    """Reads answered by each tier, and by the database; `load_ms` is what that took in all.

    `warmed` were loaded before anybody asked, `warmed_used` of them were asked for.
    """

    memory_hits: int = 0
    shared_hits: int = 0
    misses: int = 0
    evictions: int = 0
    loads: int = 0
    load_ms: float = 0.0
    warmed: int = 0
    warmed_used: int = 0


NAMES = tuple(field.name for field in fields(Counts))
_lock = threading.Lock()
_counts = {content: Counts() for content in Content}
_told = {content: Counts() for content in Content}


def count(content: Content, name: str, amount: float = 1) -> None:
    """Add to one number."""
    with _lock:
        counts = _counts[content]
        setattr(counts, name, getattr(counts, name) + amount)
    metrics.cache_counted(content.value, name, amount)


def snapshot() -> dict[Content, Counts]:
    """Return the numbers since this process began."""
    with _lock:
        return {content: Counts(**asdict(counts)) for content, counts in _counts.items()}


def take_news() -> dict[Content, dict[str, float]]:
    """Return what came since the last call, without what has stayed as it was."""
    global _told
    current = snapshot()
    news = {}
    for content, counts in current.items():
        told = asdict(_told[content])
        added = {name: number - told[name] for name, number in asdict(counts).items()}
        if any(added.values()):
            news[content] = added
    _told = current
    return news
