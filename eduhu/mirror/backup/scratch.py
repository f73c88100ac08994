"""What an import must remember of all rows, on disk: memory does not grow with the backup."""

import sqlite3
import uuid
from collections.abc import Collection, Iterable
from typing import Self

_AT_ONCE = 500


class Scratch:
    """Pairs of ids by kind, in a temporary file that goes with the process.

    Raises sqlite3.Error when the disk is full.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # no name: temporary
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute(
            "CREATE TABLE pairs (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key))"
            " WITHOUT ROWID"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._database.close()

    def put(self, kind: str, pairs: Iterable[tuple[object, object]]) -> None:
        """Keep pairs; of two with the same key the first stays."""
        self._database.execute("BEGIN")
        self._database.executemany(
            "INSERT OR IGNORE INTO pairs VALUES (?, ?, ?)",
            ((kind, str(key), str(value)) for key, value in pairs),
        )
        self._database.execute("COMMIT")

    def get(self, kind: str, keys: Collection[uuid.UUID | str]) -> dict[str, str]:
        """Return the values of those keys that are there."""
        wanted = [str(key) for key in keys]
        found: dict[str, str] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            query = f"SELECT key, value FROM pairs WHERE kind = ? AND key IN ({marks})"
            found.update(self._database.execute(query, [kind, *part]))
        return found
