"""What an import did: numbers for the screen, and each line that did not go in as it was."""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import orjson

from eduhu.mirror.backup.archive import Unusable

# In the order in which they are told.
CREATED, CHANGED, UNCHANGED = "created", "changed", "unchanged"
NEWER_HERE, SKIPPED, ALTERED = "newer here", "skipped", "altered"
OF_NOBODY = "of nobody"
_KEYS = ("namespace", "line", "id", "outcome", "reason")
_LONGEST_LINE = 64 * 1024  # bytes
_ORDER = (CREATED, CHANGED, UNCHANGED, NEWER_HERE, SKIPPED, ALTERED, OF_NOBODY)


class Report:
    """Counts outcomes, and writes one line of JSON for each that somebody may ask about.

    Opening raises OSError, writing too: a report that cannot be kept stops the import.
    It replaces an older report; for any other file that is there opening raises Unusable.
    """

    def __init__(self, path: Path | None) -> None:
        if path and path.is_file() and not _is_report(path):
            raise Unusable(f"{path} is there, and no report of an import. Name another file.")
        self._file: AbstractContextManager[IO[bytes] | None] = (
            path.open("wb") if path else nullcontext()
        )
        self._out: IO[bytes] | None = None
        self._counts: dict[str, Counter[str]] = {}
        self._reasons: Counter[tuple[str, str, str]] = Counter()

    def __enter__(self) -> Self:
        self._out = self._file.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.__exit__(kind, error, traceback)

    @property
    def skipped(self) -> int:
        """How many lines were not stored."""
        return sum(counts[SKIPPED] for counts in self._counts.values())

    def count(self, namespace: str, outcome: str, number: int = 1) -> None:
        """Count an outcome."""
        self._counts.setdefault(namespace, Counter())[outcome] += number

    def tell(self, namespace: str, outcome: str, line: int, row_id: object, reason: str) -> None:
        """Write down one line with its reason."""
        self._reasons[namespace, outcome, reason] += 1
        if self._out is not None:
            values = (namespace, line, str(row_id) if row_id else None, outcome, reason)
            entry = dict(zip(_KEYS, values, strict=True))
            self._out.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))

    def flush(self) -> None:
        """Put what was told on the disk."""
        if self._out is not None:
            self._out.flush()

    def lines(self) -> Iterator[str]:
        """Yield the summary."""
        for namespace, counts in self._counts.items():
            parts = [f"{counts[outcome]:,} {outcome}" for outcome in _ORDER if counts[outcome]]
            yield f"{namespace}: {', '.join(parts)}"
        for (namespace, outcome, reason), number in self._reasons.most_common():
            yield f"  {number:,} {outcome} in {namespace}: {reason}"


def _is_report(path: Path) -> bool:
    """Whether a file begins like a report. One of an import without a hitch is empty."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST_LINE)
    try:
        return not first or tuple(orjson.loads(first)) == _KEYS
    except (ValueError, TypeError):
        return False
