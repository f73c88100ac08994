"""Loops of the mirror that run as threads of another process."""

import threading
from collections.abc import Callable


class Background:
    """A thread that runs `loop` until it is stopped."""

    def __init__(self, name: str, loop: Callable[[threading.Event], None]) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=loop, args=[self._stop], name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Ask it to end, and wait for it."""
        self._stop.set()
        self._thread.join(seconds)
