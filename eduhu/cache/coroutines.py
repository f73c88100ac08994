"""The tiers for coroutines: a hit in memory takes no thread, and all who wait share one."""

import asyncio

from django.conf import settings

from eduhu.cache import memory, tiers
from eduhu.cache.memory import Mark
from eduhu.cache.tiers import Read
from eduhu.threads import in_thread

_Name = tuple[asyncio.AbstractEventLoop, str, Mark]
_running: dict[_Name, "asyncio.Task[bytes]"] = {}


async def aget(read: Read) -> bytes:
    """Return the value as `tiers.get` does: of threads and coroutines together, one loads.

    Who is cancelled while waiting leaves the loading to the others.
    """
    if settings.CACHE_TIERS == "off":
        return await in_thread(read.load)()
    if (value := tiers.remembered(read)) is not None:
        return value
    # Whoever asks after a write that is known here has another mark, and loads anew.
    name = (asyncio.get_running_loop(), read.key, memory.mark(read.scope))
    task = _running.get(name)
    if task is None:
        task = _running[name] = asyncio.create_task(_get(read), name="cache-load")
        task.add_done_callback(lambda done: _end(name, done))
    return await asyncio.shield(task)


async def _get(read: Read) -> bytes:
    return await in_thread(tiers.get)(read)


def _end(name: _Name, task: "asyncio.Task[bytes]") -> None:
    del _running[name]
    if not task.cancelled():
        task.exception()  # seen, even when everybody who waited has gone
