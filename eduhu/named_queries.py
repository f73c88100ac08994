"""Every SQL statement is timed under a stable name.

A hot query is a function with a name of its own (`@named_query`); any other statement
goes by its verb and its table, such as `insert messages`. On SQLite rows are made while
they are fetched, so that the time of a long list is more than what is told here.
"""

import logging
import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache, wraps
from time import perf_counter
from typing import Any, ParamSpec, TypeVar

from django.conf import settings

from eduhu import metrics
from eduhu.histogram import Distribution, Histogram

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_LOGGED = 2000  # characters of SQL
_VERB = re.compile(r"\w+")
_TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE|JOIN|TABLE)\s+"?(\w+)')
_current: ContextVar[str] = ContextVar("named_query", default="")
_times: dict[str, Histogram] = {}
_declared: set[str] = set()
_slow: dict[str, tuple[float, int]] = {}  # when a name was last slow, and for how many ms


def named_query(name: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Time the statements of a function under `name`; it must not return a lazy QuerySet."""
    _declared.add(name)

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def named(*args: P.args, **kwargs: P.kwargs) -> T:
            token = _current.set(name)
            try:
                return function(*args, **kwargs)
            finally:
                _current.reset(token)

        return named

    return decorate


def timed(execute: Callable[..., T], sql: Any, params: Any, many: bool, context: Any) -> T:
    """Run a statement and note how long it took (an execute wrapper of Django's)."""
    started = perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        note(sql, perf_counter() - started)


def note(sql: Any, seconds: float) -> None:
    """Add a statement to the times of its name, and log it if it was slow."""
    name = name_of(sql)
    times = _times.get(name)
    if times is None:
        times = _times.setdefault(name, Histogram())
    times.add(seconds)
    metrics.query_done(name, seconds)
    if seconds * 1000 > settings.SLOW_QUERY_MS:
        _slow[name] = (time.time(), int(seconds * 1000))
        # Never its parameters: they are what teachers write.
        text = " ".join(str(sql)[:LONGEST_LOGGED].split())
        logger.warning("slow query %s: %d ms: %s", name, seconds * 1000, text)


def name_of(sql: Any) -> str:
    """Return the name under which a statement would be timed here and now."""
    return _current.get() or _verb_and_table(str(sql))


@lru_cache(maxsize=512)
def _verb_and_table(sql: str) -> str:
    verb, table = _VERB.search(sql), _TABLE.search(sql)
    return " ".join([verb[0].lower() if verb else "?", *([table[1]] if table else [])])


def names() -> frozenset[str]:
    """Return the names that functions have."""
    return frozenset(_declared)


def timings() -> dict[str, Distribution]:
    """Return the times of this process by name, also of hot queries that never ran."""
    unused = {name: Histogram() for name in _declared - _times.keys()}
    return {name: each.distribution() for name, each in sorted((unused | _times).items())}


def all_timings() -> Distribution:
    """Return the times of all statements of this process together."""
    return Histogram.merged(list(_times.values())).distribution()


def slow_within(seconds: float) -> dict[str, int]:
    """Return the names that were slow in the last `seconds`, with the last such time (ms)."""
    oldest = time.time() - seconds
    return {name: ms for name, (when, ms) in list(_slow.items()) if when > oldest}


def forget_timings() -> None:
    """Begin again."""
    _times.clear()
    _slow.clear()
