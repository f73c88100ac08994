"""Finds lines of the log, newest first, in the files of all processes."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import orjson

from monitoring.console.logbook import Piece, pieces

Line = dict[str, Any]
LEVELS = ("debug", "info", "warning", "error", "critical")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; whatever is empty does not matter.

    `level` and above; `process` is a kind, such as `web`, or a whole name; `text` stands
    anywhere in message, logger, route or traceback, in capitals or not. Times in milliseconds.
    """

    level: str = ""
    process: str = ""
    request_id: str = ""
    reply_id: str = ""
    task_id: str = ""
    text: str = ""
    since: int = 0
    until: int = 0

    def may_be_in(self, piece: Piece) -> bool:
        """Whether a file can hold such lines."""
        is_its = not self.process or self.process in (piece.process, piece.process.split("@")[0])
        return is_its and not (self.until and piece.begun > self.until)

    def fits(self, line: Line) -> bool:
        """Whether a line is such a one."""
        level = line.get("level")
        if self.level in LEVELS and (
            level not in LEVELS or LEVELS.index(level) < LEVELS.index(self.level)
        ):
            return False
        if self.since and line["timestamp"] < self.since:
            return False
        if self.until and line["timestamp"] >= self.until:
            return False
        if any(line.get(name) != value for name, value in self._ids()):
            return False
        return not self.text or self.text.casefold() in _words(line)

    def _ids(self) -> Iterator[tuple[str, str]]:
        for name in ("request_id", "reply_id", "task_id"):
            if value := getattr(self, name):
                yield name, value

    def marks(self) -> list[bytes]:
        """Return what must stand in a line that fits: most need not be read as JSON."""
        return [value.encode() for _name, value in self._ids()]


def search(wanted: Wanted, limit: int) -> list[Line]:
    """Return the newest lines that fit, each with its `process`."""
    by_process: dict[str, list[Piece]] = {}
    for piece in pieces():
        if wanted.may_be_in(piece):
            by_process.setdefault(piece.process, []).append(piece)
    # Each process has its lines in order; together they are merged by their time.
    streams = [_lines(of_one, wanted) for of_one in by_process.values()]
    merged = heapq.merge(*streams, key=itemgetter("timestamp"), reverse=True)
    return list(islice(merged, limit))


def processes() -> list[str]:
    """Return the names of those that have written something that is still kept."""
    return [name for name, _same in groupby(sorted(piece.process for piece in pieces()))]


def _lines(of_one: list[Piece], wanted: Wanted) -> Iterator[Line]:
    marks = wanted.marks()
    for piece in reversed(of_one):
        for raw in reversed(_read(piece).splitlines()):
            if all(mark in raw for mark in marks) and (line := _parsed(raw)) and wanted.fits(line):
                yield {**line, "process": piece.process}
        if wanted.since and piece.begun < wanted.since:
            return


def _read(piece: Piece) -> bytes:
    try:
        return piece.file.read_bytes()
    except FileNotFoundError:
        return b""  # it has become too old in this moment


def _parsed(raw: bytes) -> Line | None:
    """Return a line; None for half of one, of a process that was killed."""
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return line if isinstance(line, dict) and isinstance(line.get("timestamp"), int) else None


def _words(line: Line) -> str:
    parts = (line.get(name, "") for name in ("message", "logger", "task", "error", "traceback"))
    return "\n".join(map(str, parts)).casefold()
