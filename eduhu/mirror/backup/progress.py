"""Saying how far a long command has come, to people and not to log files."""

import sys
import time
from types import TracebackType
from typing import Self

_SECONDS = 0.2


class Progress:
    """One line on a terminal, which is gone at the end; nothing elsewhere."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.clear()

    def clear(self) -> None:
        """Make room for other output."""
        self._show("")

    def __call__(self, what: str, number: int) -> None:
        """Show what is done and how much of it, a few times a second."""
        if self._is_shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS
            self._show(f"{what}: {number:,}")

    def _show(self, text: str) -> None:
        if self._is_shown:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
