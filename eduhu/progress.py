"""How far a command is, drawn on a terminal and nowhere else."""

import sys
from collections.abc import Callable

BAR = 40  # characters


def progress_bar(total: int, things: str) -> Callable[[int], None]:
    """Return what draws how many of `total` things are done."""

    def draw(done: int) -> None:
        filled = BAR * done // max(1, total)
        end = "\n" if done == total else ""
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done}/{total} {things}{end}")
        sys.stderr.flush()

    return draw if sys.stderr.isatty() else lambda done: None
