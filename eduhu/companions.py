"""What runs beside the work of every process, whichever that is.

Who wants to be there registers in `AppConfig.ready()`: infrastructure knows no app.
"""

from collections.abc import Callable
from typing import Protocol


class Companion(Protocol):
    """Something with threads of its own."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End, and wait for it."""


_makers: list[Callable[[str], Companion]] = []


def register(make: Callable[[str], Companion]) -> None:
    """Let `make(kind)` be started in each process; `kind` is what the process is for."""
    _makers.append(make)


class Companions:
    """All of them, in one process: `web`, `replies` or `mirror`."""

    def __init__(self, kind: str) -> None:
        self._all = [make(kind) for make in _makers]

    def start(self) -> None:
        """Begin."""
        for each in self._all:
            each.start()

    def stop(self) -> None:
        """End."""
        for each in self._all:
            each.stop()

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()
