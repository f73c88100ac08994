"""Reading through both tiers: process memory, then the shared cache, then the database.

A value is JSON of one teacher, and its key always holds the teacher's id. Inside a
transaction no tier is asked or filled: what is read there may never be committed.
"""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from eduhu.cache import habits, memory, refresh, shared, stats, uses
from eduhu.cache.memory import Mark
from eduhu.cache.policies import Content, Entry
from eduhu.cache.shared import Found
from eduhu.db import give_back_connection

WAIT_SECONDS = 1.0  # how long one caller waits for what another is loading
LOOK_SECONDS = 0.02

Load = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Read:
    """One value somebody wants: `name` tells it from others of its content and teacher.

    Every write that may change the value forgets its `scope` (`invalidation.py`).
    """

    content: Content
    teacher_id: uuid.UUID
    name: str
    scope: str
    load: Load
    chat_id: uuid.UUID | None = None  # what it is about

    @property
    def key(self) -> str:
        """What it is kept under, in both tiers."""
        return f"{self.content.name}:{self.teacher_id}:{self.name}"


def is_on() -> bool:
    """Whether the tiers are asked here and now."""
    return settings.CACHE_TIERS == "on" and not transaction.get_connection().in_atomic_block


def get(read: Read) -> bytes:
    """Return the value, loaded at most once however many ask. Raises what `load` raises."""
    if not is_on():
        return read.load()
    if (value := remembered(read)) is not None:
        return value
    mark = memory.mark(read.scope)
    found = shared.read(read.key, read.scope)
    if found.entry is None:
        habits.note(read.teacher_id, read.chat_id)
        return _load_once(read, mark, found)
    if found.entry.is_warmed:
        uses.note(read.key, read.content, found.entry)
    memory.put(read.key, mark, read.content, found.entry)
    return _served(read, found.entry, "shared_hits")


def remembered(read: Read) -> bytes | None:
    """Return what the memory of this process holds, without any call."""
    entry = memory.get(read.key, memory.mark(read.scope))
    return _served(read, entry, "memory_hits") if entry is not None else None


def _served(read: Read, entry: Entry, kind: str) -> bytes:
    stats.count(read.content, kind)
    habits.note(read.teacher_id, read.chat_id)
    if time.time() >= entry.refresh_at:
        refresh.begin(read.key, lambda: _renew(read, entry))
    return entry.value


def _renew(read: Read, entry: Entry) -> None:
    mark = memory.mark(read.scope)
    found = shared.read(read.key, read.scope)
    if found.entry is not None and found.entry.loaded_at > entry.loaded_at:
        memory.put(read.key, mark, read.content, found.entry)
    elif found.version is None or shared.claim(read.key, found):
        _load(read, mark, found)


_flights: dict[tuple[str, Mark, str | None], "Future[bytes]"] = {}
_flights_lock = threading.Lock()


def _load_once(read: Read, mark: Mark, found: Found) -> bytes:
    """Load, or wait for who is loading already: of this process here, of others below.

    Only who knows of the same writes may share a loading, hence mark and version.
    """
    name = (read.key, mark, found.version)
    with _flights_lock:
        running = _flights.get(name)
        if running is None:
            mine = _flights[name] = Future()
    if running is not None:
        return _wait_here(read, running)
    try:
        value = _load_alone(read, mark, found)
        mine.set_result(value)
    except BaseException as error:
        mine.set_exception(error)
        raise
    finally:
        with _flights_lock:
            del _flights[name]
    return value


def _wait_here(read: Read, running: "Future[bytes]") -> bytes:
    give_back_connection()  # who loads may be waiting for one
    try:
        value = running.result(WAIT_SECONDS)
    except TookTooLong:
        return read.load()
    stats.count(read.content, "memory_hits")
    return value


def _load_alone(read: Read, mark: Mark, found: Found) -> bytes:
    if (entry := memory.get(read.key, mark)) is not None:
        stats.count(read.content, "memory_hits")
        return entry.value  # loaded since we looked
    if found.version is None or shared.claim(read.key, found):
        stats.count(read.content, "misses")
        return _load(read, mark, found)
    return _wait_for_others(read, mark, found)


def _wait_for_others(read: Read, mark: Mark, found: Found) -> bytes:
    give_back_connection()
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        seen = shared.read(read.key, read.scope)
        if seen.entry is not None:
            stats.count(read.content, "shared_hits")
            memory.put(read.key, mark, read.content, seen.entry)
            return seen.entry.value
        if seen.version != found.version:
            break  # a write came between, and what the other one loads is not for us
        time.sleep(LOOK_SECONDS)
    stats.count(read.content, "misses")
    return _load(read, mark, found)


def _load(read: Read, mark: Mark, found: Found) -> bytes:
    entry = _loaded(read, found)
    memory.put(read.key, mark, read.content, entry)
    if found.version is not None:
        shared.write(read.key, read.content, entry)
    return entry.value


def _loaded(read: Read, found: Found, *, is_warmed: bool = False) -> Entry:
    begun, loaded_at = time.perf_counter(), time.time()
    try:
        value = read.load()
    except BaseException:
        if found.version is not None:
            shared.give_back(read.key, found)
        raise
    stats.count(read.content, "loads")
    stats.count(read.content, "load_ms", 1000 * (time.perf_counter() - begun))
    return Entry.of(read.content, value, found.version, loaded_at, is_warmed=is_warmed)


class SharedCacheAway(Exception):
    """Nothing can be warmed: there is no cache that other processes would read."""


def warm(read: Read, seconds: float) -> tuple[bytes, bool]:
    """Return a value, and whether it was loaded into the shared cache.

    That is done when it would not be served for `seconds` more. Raises
    SharedCacheAway, and what `load` raises.
    """
    found = shared.read(read.key, read.scope)
    if found.entry is not None and found.entry.expires_at - time.time() >= seconds:
        return found.entry.value, False
    if found.version is None:
        raise SharedCacheAway
    if not shared.claim(read.key, found):
        return read.load(), False  # somebody is loading it at this moment
    entry = _loaded(read, found, is_warmed=True)
    shared.write(read.key, read.content, entry)
    stats.count(read.content, "warmed")
    return entry.value, True
