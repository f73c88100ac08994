"""A database connection beside the pool, for what must work when the pool is used up."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from eduhu.named_queries import timed

CONNECT_SECONDS = 5


@contextmanager
def own_connection() -> Iterator[None]:
    """Let the queries of this thread go past the pool and its queue."""
    usual = connections["default"]
    own: Any = usual.copy()
    options = own.settings_dict["OPTIONS"]
    if options.pop("pool", None) is not None:
        options["connect_timeout"] = CONNECT_SECONDS
    own.execute_wrappers = [timed]
    connections["default"] = own
    try:
        yield
    finally:
        connections["default"] = usual
        own.close()
