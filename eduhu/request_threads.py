"""The threads in which Django answers: few, because more would only wait for the processor.

Who would stand at the end of a long queue is better told to come back: everybody in it
would be late, and nobody is answered sooner for it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from django.conf import settings

T = TypeVar("T")


class RequestThreads:
    """Runs one call for each request, first come, first served. Used from one event loop."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="django")
        self._begun = 0  # calls that run or wait

    def is_overrun(self) -> bool:
        """Whether `settings.MAX_WAITING_REQUESTS` wait for a thread already."""
        return self._begun >= self._size + settings.MAX_WAITING_REQUESTS

    async def run(self, call: Callable[[], T]) -> T:
        """Return what `call` returns, run in a thread with a copy of this context."""
        self._begun += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, copy_context().run, call)
        finally:
            self._begun -= 1
