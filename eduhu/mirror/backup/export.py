"""Writing a backup of our rows as InstantDB writes its own, so that it can restore it."""

import os
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson
from django.conf import settings
from django.db import connection, transaction

from eduhu.db import epoch_ms, now
from eduhu.mirror import capture
from eduhu.mirror.backup.archive import CONFIG, FOLDER, SUFFIX
from eduhu.mirror.backup.tables import USERS, Table, accounts, tables
from eduhu.mirror.documents import REVISION, Document
from eduhu.mirror.schema import TABLES, permissions, schema

PAGE = 500
Progress = Callable[[str, int], None]


def write_backup(path: Path, progress: Progress) -> dict[str, int]:
    """Write a backup to `path`, whole or not at all; return the number of lines by namespace.

    A file that is there is replaced. Raises OSError or a database error.
    """
    with _replacing(path) as file, _snapshot():
        counts = _counts()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            # InstantDB reads the parts in this order.
            with archive.open(_part(CONFIG), "w") as part:
                part.write(orjson.dumps(_config(counts), option=orjson.OPT_INDENT_2))
            for namespace in counts:
                name = f"{FOLDER}{namespace}{SUFFIX}"
                with archive.open(_part(name), "w", force_zip64=True) as part:
                    _write_lines(part, namespace, progress)
    return counts


def _part(name: str) -> zipfile.ZipInfo:
    part = zipfile.ZipInfo(name)  # of 1980, so that equal rows make equal parts
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that takes the name when all of it is on the disk, readable by its owner."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _snapshot() -> Iterator[None]:
    """Let all reads see the same moment, without holding up those who write."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")  # counting takes what it takes
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")  # Django's own would keep writers out
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _counts() -> dict[str, int]:
    counts = {USERS: accounts().count()}
    counts |= {name: table.model._base_manager.count() for name, table in tables().items()}
    return {namespace: count for namespace, count in counts.items() if count}


def _config(counts: dict[str, int]) -> dict[str, Any]:
    """Return `config.json`; all lines of a namespace have the same attributes."""
    return {
        "counts": counts,
        "tripleCount": sum(count * len(_attributes(name)) for name, count in counts.items()),
        "schema": schema(),
        "rules": permissions(),
        "webhooks": [],
        "emailTemplates": [],
        "authorizedRedirectOrigins": [],
        "title": "eduhu",
        "appId": settings.INSTANT_APP_ID,
        "backupAt": now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "isn": None,
        "description": "Written by eduhu",
    }


def _attributes(namespace: str) -> list[str]:
    return ["id", "email"] if namespace == USERS else ["id", *TABLES[namespace]]


def _write_lines(part: IO[bytes], namespace: str, progress: Progress) -> None:
    pages = _user_pages() if namespace == USERS else _row_pages(tables()[namespace])
    number = 0
    for page in pages:
        for entity, created_at in page:
            line = {"entity": entity, "createdAt": created_at}
            part.write(orjson.dumps(line, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
        number += len(page)
        progress(f"writing {namespace}", number)


def _user_pages() -> Iterator[list[tuple[Document, int]]]:
    after: uuid.UUID | None = None
    while users := accounts().page(after, PAGE):
        yield [
            ({"id": str(user.id), "email": user.email}, epoch_ms(user.created_at or now()))
            for user in users
        ]
        after = users[-1].id


def _row_pages(table: Table) -> Iterator[list[tuple[Document, int]]]:
    source = capture.sources()[table.name]
    rows = table.model._base_manager.order_by("pk").values_list("pk", flat=True)
    ids = list(rows[:PAGE])
    while ids:
        documents = sorted(source.documents(ids), key=lambda each: str(each["id"]))
        yield [(_entity(table.name, each), each[table.times[0]]) for each in documents]
        ids = list(rows.filter(pk__gt=ids[-1])[:PAGE])


def _entity(namespace: str, document: Document) -> Document:
    """Return exactly what the schema names: InstantDB refuses anything else."""
    revision = {REVISION: 0}  # before the first of the mirror
    return {name: (document | revision).get(name) for name in _attributes(namespace)}
