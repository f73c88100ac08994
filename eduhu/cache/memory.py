"""The first tier: the memory of this process, asked without any call."""

import threading
import time
from collections import OrderedDict
from typing import NamedTuple

from eduhu.cache import stats
from eduhu.cache.policies import MEMORY_SECONDS, Content, Entry

MAX_ENTRIES = 5_000
MAX_BYTES = 32 * 1024 * 1024
LARGEST = MAX_BYTES // 32  # one value must not push out many
STRIPES = 4096


class Mark(NamedTuple):
    """How often a scope was forgotten: what was read before the next time is not kept."""

    everything: int
    scope: int


class _Kept(NamedTuple):
    entry: Entry
    mark: Mark
    since: float
    content: Content


_lock = threading.Lock()
_kept: OrderedDict[str, _Kept] = OrderedDict()  # least recently used first
_bytes = 0
_everything = 0
_stripes = [0] * STRIPES  # scopes share counters: one forgotten with another costs a load


def mark(scope: str) -> Mark:
    """Return where `scope` stands; to be asked before anything is read."""
    return Mark(_everything, _stripes[hash(scope) % STRIPES])


def get(key: str, mark: Mark) -> Entry | None:
    """Return what is kept: not forgotten, not expired, and read `MEMORY_SECONDS` ago at most."""
    now = time.time()
    with _lock:
        kept = _kept.get(key)
        if kept is None:
            return None
        # A clock that was set back must not make an entry live longer.
        is_young = 0 <= now - kept.since < MEMORY_SECONDS
        if kept.mark != mark or not is_young or now >= kept.entry.expires_at:
            _drop(key)
            return None
        _kept.move_to_end(key)
        return kept.entry


def put(key: str, read_at: Mark, content: Content, entry: Entry) -> None:
    """Keep an entry; it is not served when its scope was forgotten after `read_at`."""
    global _bytes
    if len(entry.value) > LARGEST:
        return
    with _lock:
        _drop(key)
        _kept[key] = _Kept(entry, read_at, time.time(), content)
        _bytes += len(entry.value)
        while len(_kept) > MAX_ENTRIES or _bytes > MAX_BYTES:
            oldest = next(iter(_kept))
            stats.count(_kept[oldest].content, "evictions")
            _drop(oldest)


def _drop(key: str) -> None:
    global _bytes
    kept = _kept.pop(key, None)
    if kept is not None:
        _bytes -= len(kept.entry.value)


def forget(scope: str) -> None:
    """Serve nothing of `scope` that was read before now."""
    with _lock:
        _stripes[hash(scope) % STRIPES] += 1


def forget_everything() -> None:
    """Serve nothing that was read before now."""
    global _everything, _bytes
    with _lock:
        _everything += 1
        _kept.clear()
        _bytes = 0


def size() -> tuple[int, int]:
    """Return the number of entries and their bytes."""
    return len(_kept), _bytes
