"""The one way from async code to the ORM: a thread hop that gives its connection back."""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, ParamSpec, TypeVar, cast

from channels.db import database_sync_to_async

P = ParamSpec("P")
T = TypeVar("T")


def in_thread(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Run `function` in a worker thread, and close its database connection after it.

    Plain `sync_to_async` would keep a pool connection for as long as the thread lives.
    """
    return cast(Callable[P, Awaitable[T]], _hop(function))


@lru_cache(maxsize=256)  # to make one costs a third of what it costs to use it
def _hop(function: Callable[..., Any]) -> Any:
    return database_sync_to_async(function, thread_sensitive=False)
