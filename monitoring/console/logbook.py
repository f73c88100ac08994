"""The last lines of the log, kept in files: each process writes its own, all are read together.

A file is named `web.host.4711.1790000000000.jsonl`: what the process is for, its machine
and id, and when the file was begun. One that is full is followed by another, and the oldest
of all go, so that the folder stays below `LOG_FILES_MB`. Lines are those of `eduhu.logs`,
which hold nothing that teachers write; values of secret settings are taken out of them, too.
"""

import logging
import os
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from celery import signals
from django.conf import settings

from eduhu import logs
from monitoring.console.secrets import without_secrets

PIECE_BYTES = 2 * 1024 * 1024
LOOK_SECONDS = 5.0  # how often a process looks whether its file was taken away
LONGEST_MESSAGE = 2000


def folder() -> Path:
    """Return where the files are."""
    return Path(settings.DATA_DIR) / "log"


@dataclass(frozen=True, slots=True)
class Piece:
    """One file; `process` is the same for all files of a process, `begun` in milliseconds."""

    file: Path
    process: str
    begun: int

    @classmethod
    def of(cls, file: Path) -> "Piece | None":
        """Read the name of a file; None for one that is not ours."""
        name = re.fullmatch(r"([\w-]+)\.([\w-]+)\.(\d+)\.(\d+)\.jsonl", file.name)
        return cls(file, f"{name[1]}@{name[2]}:{name[3]}", int(name[4])) if name else None


def pieces() -> list[Piece]:
    """Return all files, oldest first."""
    found = [piece for file in folder().glob("*.jsonl") if (piece := Piece.of(file))]
    return sorted(found, key=lambda piece: (piece.begun, piece.file.name))


class LogFile(logging.Handler):
    """Writes each line to the file of this process at once: who is killed has told all."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname()[:60]) or "here"
        self._prefix = f"{kind}.{host}.{os.getpid()}"
        self._file: Path | None = None
        self._descriptor = -1
        self._bytes = 0
        self._looked_at = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; a disk that is full must not stop the work."""
        try:
            line = line_of(record)
            os.write(self._opened(len(line)), line)
        except Exception:  # noqa: BLE001 (the edge of logging: the line stands on standard error)
            self.handleError(record)

    def _opened(self, size: int) -> int:
        moment = time.monotonic()
        if moment - self._looked_at > LOOK_SECONDS:
            self._looked_at = moment
            if self._file is None or not self._file.exists():
                self._begin()
        if self._bytes + size > PIECE_BYTES:
            self._begin()
        self._bytes += size
        return self._descriptor

    def _begin(self) -> None:
        self._end()
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        begun = int(time.time() * 1000)
        self._file = folder() / f"{self._prefix}.{begun}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor, self._bytes = os.open(self._file, flags, 0o600), 0
        forget_oldest(self._file)

    def _end(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def close(self) -> None:
        """Leave the file as it is."""
        self._end()
        super().close()


def forget_oldest(but: Path) -> None:
    """Delete the oldest files until those that stay, and one full one, fit."""
    room = settings.LOG_FILES_MB * 1024 * 1024 - PIECE_BYTES
    for piece in reversed(pieces()):
        if piece.file == but:
            continue
        try:
            room -= piece.file.stat().st_size
            if room < 0:
                piece.file.unlink()
        except FileNotFoundError:
            continue  # another process was quicker


def line_of(record: logging.LogRecord) -> bytes:
    """Return a line of JSON, as `eduhu.logs.JsonFormatter` makes it, at a fifth of its cost."""
    line: dict[str, Any] = {
        "timestamp": int(record.created * 1000),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": without_secrets(record.getMessage()[:LONGEST_MESSAGE]),
        **logs.context(),
    }
    exc_info = record.exc_info
    if isinstance(exc_info, tuple) and exc_info[1] is not None:
        line["error"] = type(exc_info[1]).__name__
        line["traceback"] = without_secrets(logs.harmless_traceback(exc_info))
    return orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE)


_kept: LogFile | None = None


def begin(kind: str) -> None:
    """Keep what this process logs from now on; after a fork call it again."""
    global _kept
    end()
    if settings.LOG_FILES_MB:
        _kept = LogFile(kind)
        logging.getLogger().addHandler(_kept)


def end() -> None:
    """Keep no more."""
    global _kept
    if _kept is not None:
        logging.getLogger().removeHandler(_kept)
        _kept.close()
        _kept = None


class Logbook:
    """Keeps the log of a process while it works (see `eduhu.companions`)."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def start(self) -> None:
        """Begin."""
        begin(self._kind)

    def stop(self) -> None:
        """End."""
        end()


def keep_celery() -> None:
    """Keep what workers, their children and beat log, where they are processes of their own."""
    if not settings.EMBEDDED_CELERY:
        signals.worker_init.connect(_begin_worker, weak=False)
        signals.worker_process_init.connect(_begin_worker, weak=False)
        signals.beat_init.connect(_begin_beat, weak=False)


def _begin_worker(**_kwargs: Any) -> None:
    begin("celery")


def _begin_beat(**_kwargs: Any) -> None:
    begin("beat")
