"""The threads in which Django answers: few, because more would only wait for the processor.

Who would wait too long for one is better told to come back: a queue that grows makes
everybody late, and nobody is answered sooner for it.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from typing import TypeVar

from django.conf import settings

T = TypeVar("T")


class RequestThreads:
    """Runs one call for each request, first come, first served. Used from one event loop."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="django")
        self._since: dict[object, float] = {}  # of all calls, oldest first

    def is_overrun(self) -> bool:
        """Whether the next in line has waited for `settings.REQUEST_WAIT_SECONDS` already."""
        next_in_line = next(islice(self._since.values(), self._size, None), None)
        if next_in_line is None:
            return False
        return time.monotonic() - next_in_line > settings.REQUEST_WAIT_SECONDS

    async def run(self, call: Callable[[], T]) -> T:
        """Return what `call` returns, run in a thread with a copy of this context."""
        mark = object()
        self._since[mark] = time.monotonic()
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, copy_context().run, call)
        finally:
            del self._since[mark]
