"""A backup as it lies on the disk, a zip file or a folder: which parts it has, line by line.

Nothing is ever unpacked, and never more than one line is held.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import orjson

CONFIG = "config.json"
FOLDER, SUFFIX, FILES = "entities/", ".jsonl", "files/"
MAX_CONFIG_BYTES = 64 * 1024 * 1024
MAX_LINE_BYTES = 16 * 1024 * 1024
# Text shrinks to a tenth, seldom to a fiftieth; deflate itself ends at a thousandth.
MAX_RATIO = 200
SUSPICIOUS_BYTES = 64 * 1024 * 1024  # below it, any ratio is harmless
END_OF_TIME_MS = 253_402_300_800_000  # the year 10000, which Python's calendar does not reach
_ENCRYPTED = 0x1


class Unusable(Exception):
    """The backup, or what it should be read with, is not what it should be; says why."""


class Archive(Protocol):
    """The parts of a backup."""

    def namespaces(self) -> set[str]:
        """Return the namespaces that have a file."""

    def open(self, name: str) -> IO[bytes]:
        """Open a part by its name in the backup. Raises KeyError, OSError or Unusable."""


def open_archive(path: Path) -> Archive:
    """Return the backup at `path`. Raises Unusable for what is none."""
    try:
        if path.is_dir():
            return FolderArchive(path)
        return ZipArchive(path)
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from error


class ZipArchive:
    """The file that InstantDB lets people download."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise Unusable(f"{path} is no zip file, or only a part of one.") from error
        parts = [part for part in self._zip.infolist() if not _is_clutter(part.filename)]
        for part in parts:
            _refuse_odd(part)
        self._parts = {part.filename: part for part in parts}
        if len(self._parts) < len(parts):
            raise Unusable("The zip file holds two parts of the same name.")
        size = sum(part.file_size for part in parts)
        if size > SUSPICIOUS_BYTES and size > MAX_RATIO * path.stat().st_size:
            raise Unusable(f"The zip file claims to hold {size:,} bytes; no backup shrinks so far.")

    def namespaces(self) -> set[str]:
        """Return the namespaces that have a file."""
        return {name for name in map(_namespace_of, self._parts) if name is not None}

    def open(self, name: str) -> IO[bytes]:
        """Open a part by its name in the backup. Raises KeyError."""
        return io.BufferedReader(self._zip.open(self._parts[name]), 1 << 16)  # type: ignore[type-var]


def _is_clutter(name: str) -> bool:
    """Whether a program that packs folders left it."""
    return name.endswith(("/", "/.DS_Store")) or name.startswith(("__MACOSX/", ".DS_Store"))


def _refuse_odd(part: zipfile.ZipInfo) -> None:
    name = part.filename
    is_known = name == CONFIG or name.startswith(FILES) or _namespace_of(name) is not None
    if not is_known or ".." in name.replace("\\", "/").split("/"):
        raise Unusable(
            f"The zip file holds {name!r}, which no backup does."
            f" {CONFIG} and {FOLDER} must stand at its top."
        )
    if part.flag_bits & _ENCRYPTED:
        raise Unusable("The zip file is encrypted.")
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unusable(f"{name} is compressed in a way that no backup is.")


def _namespace_of(name: str) -> str | None:
    if not (name.startswith(FOLDER) and name.endswith(SUFFIX)):
        return None
    return name.removeprefix(FOLDER).removesuffix(SUFFIX)


class FolderArchive:
    """The same tree, unpacked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if packed := [*path.glob("*.zst"), *(path / FOLDER).glob("*.zst")]:
            name = packed[0].relative_to(path)
            raise Unusable(f"{name} is compressed. Unpack it first: zstd -d --rm {name}")
        if not (path / CONFIG).is_file():
            raise Unusable(f"There is no {CONFIG} in {path}.")

    def namespaces(self) -> set[str]:
        """Return the namespaces that have a file."""
        return {part.name.removesuffix(SUFFIX) for part in (self._path / FOLDER).glob(f"*{SUFFIX}")}

    def open(self, name: str) -> IO[bytes]:
        """Open a part by its name in the backup. Raises KeyError or OSError."""
        try:
            return (self._path / name).open("rb")
        except FileNotFoundError as error:
            raise KeyError(name) from error


@dataclass(frozen=True, slots=True)
class Line:
    """A row as InstantDB tells it; `created_at` is in milliseconds, `size` in bytes."""

    number: int
    entity: dict[str, Any]
    created_at: int | None
    size: int


def read_config(archive: Archive) -> bytes:
    """Return what stands in config.json. Raises Unusable."""
    try:
        with _readable(CONFIG), archive.open(CONFIG) as part:
            raw = part.read(MAX_CONFIG_BYTES + 1)
    except KeyError as error:
        raise Unusable(f"There is no {CONFIG}: this is no backup, or not all of it.") from error
    if len(raw) > MAX_CONFIG_BYTES:
        raise Unusable(f"{CONFIG} is longer than {MAX_CONFIG_BYTES:,} bytes.")
    return raw


def read_lines(archive: Archive, namespace: str) -> Iterator[Line]:
    """Yield the rows of a namespace. Raises Unusable at the first line that is none."""
    name = f"{FOLDER}{namespace}{SUFFIX}"
    with _readable(name), archive.open(name) as part:
        number = 0
        while raw := part.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES:
                raise Unusable(f"{name}, line {number} is longer than {MAX_LINE_BYTES:,} bytes.")
            yield _parsed(raw, f"{name}, line {number}", number)


def _parsed(raw: bytes, where: str, number: int) -> Line:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Unusable(f"{where} is not JSON. The backup is damaged.") from error
    entity = value.get("entity") if isinstance(value, dict) else None
    if not isinstance(entity, dict):
        raise Unusable(f"{where} is no row of a backup: it has no entity.")
    created_at = value.get("createdAt")
    # InstantDB writes 0 where it does not know.
    is_time = isinstance(created_at, int) and 0 < created_at < END_OF_TIME_MS
    return Line(number, entity, created_at if is_time else None, len(raw))


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise Unusable(f"{name} is damaged: {error}.") from error
    except OSError as error:
        raise Unusable(f"{name} cannot be read: {error.strerror or error}.") from error
