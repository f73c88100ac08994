"""The tick of a process: what came meanwhile is read for all replies, and then sent for all.

To wake for a token costs more than all that is done with it. So nobody does: whoever
reads from a service waits for the tick, and finds what the network has gathered.
"""

import asyncio
from collections.abc import Callable


class Tick:
    """One timer for all replies of an event loop; it rests while nobody asks for it.

    First those who wait have their turn, each until it waits for something else; then
    `then` is called, so that what they wrote goes out without waiting a second time.
    """

    def __init__(self, seconds: float, then: Callable[[], None]) -> None:
        self._seconds = seconds
        self._then = then
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Let `then` be called, one tick from now at the latest."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._seconds, self._on_time)

    async def turn(self) -> None:
        """Wait for the next tick."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self.ask()
        await turn

    def _on_time(self) -> None:
        self._timer = None
        self._release()
        # The loop goes through what it has to do in order: all of them come before this.
        asyncio.get_running_loop().call_soon(self._then)

    def stop(self) -> None:
        """Release who waits, and let `then` not be called any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._release()

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)
