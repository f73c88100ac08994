"""Writes of mirrored tables leave an entry in the outbox, in the same transaction.

Every write of Django's ORM becomes one INSERT, UPDATE or DELETE statement, and each of
them is told to `note()` (`eduhu/writes.py`). So `save`, bulk methods, `F()` updates,
cascades and the admin need nothing of their own. Raw SQL and data migrations are not
seen.
"""

import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.conf import settings
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from eduhu.mirror.documents import Document
from eduhu.writes import Observer, Write

CHANNEL = "eduhu_mirror"
Written = tuple[str, uuid.UUID, str]  # table, row, operation


@dataclass(frozen=True, slots=True)
class Source:
    """A mirrored model.

    `documents` reads rows as InstantDB holds them; ids without a row are left out.
    `written_at` is the time of a row that moves with its writes, as far as one does.
    `touches` is a foreign key whose row the database changes with each insert and
    delete. `copies` names, for a foreign key, the fields of that other row which the
    documents show as well.
    """

    model: type[models.Model]
    documents: Callable[[Collection[uuid.UUID]], Iterable[Document]]
    written_at: str
    touches: str | None = None
    copies: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The table, and the namespace in InstantDB."""
        return self.model._meta.db_table

    def fields(self) -> list[str]:
        """Return the attributes that an entry is made of: the key, and what a write touches."""
        return [self.model._meta.pk.attname, *([f"{self.touches}_id"] if self.touches else [])]


_sources: dict[type[models.Model], Source] = {}
_is_paused = ContextVar("capture is paused", default=False)
committed = threading.Event()  # wakes a drain in this process, where nobody can NOTIFY


def register(source: Source) -> None:
    """Mirror a model; called once, when its app is ready."""
    _sources[source.model] = source


def sources() -> dict[str, Source]:
    """Return all mirrored models, by table."""
    return {source.table: source for source in _sources.values()}


def is_on() -> bool:
    """Whether there is an InstantDB to mirror to."""
    return bool(settings.INSTANT_APP_ADMIN_TOKEN)


@contextmanager
def paused() -> Iterator[None]:
    """Leave no entries for what this thread writes meanwhile; a reconcile must follow."""
    token = _is_paused.set(True)
    try:
        yield
    finally:
        _is_paused.reset(token)


def source_of(model: type[models.Model] | None) -> Source | None:
    """Return how `model` is mirrored, or None when its writes leave no entry."""
    if model is None or not is_on() or _is_paused.get():
        return None
    return _sources.get(model._meta.concrete_model or model)


def note(write: Write) -> None:
    """Store an entry for each written row; a transaction must be open."""
    source = source_of(write.model)
    assert source is not None  # we were asked before the write
    key, *touches = source.fields()
    ids = [row[key] for row in write.rows]
    written = [(source.table, row_id, write.operation) for row_id in ids]
    if source.touches and write.operation != "update":
        target = source.model._meta.get_field(source.touches).related_model
        table = target._meta.db_table  # type: ignore[union-attr]
        touched = {row[name] for row in write.rows for name in touches}
        written += [(table, row_id, "update") for row_id in sorted(touched)]
    if write.changed:
        written += _rows_with_copies(write.connection, source, ids, write.changed)
    enqueue(write.connection, written)


def _fields(model: type[models.Model]) -> list[str]:
    source = source_of(model)
    return source.fields() if source is not None else []


OBSERVER = Observer(_fields, note, stores=is_on)


def _rows_with_copies(
    connection: BaseDatabaseWrapper,
    source: Source,
    ids: list[uuid.UUID],
    changed: frozenset[str],
) -> Iterator[Written]:
    for other in _sources.values():
        for name, fields in other.copies.items():
            is_shown = other.model._meta.get_field(name).related_model is source.model
            if is_shown and fields & changed:
                rows = other.model._base_manager.using(connection.alias)
                for row_id in rows.filter(**{f"{name}__in": ids}).values_list("pk", flat=True):
                    yield other.table, row_id, "update"


def enqueue(connection: BaseDatabaseWrapper, written: Collection[Written]) -> None:
    """Store entries, and wake the drain when they are committed."""
    if not written:
        return
    if connection.vendor == "postgresql":
        tables, ids, operations = zip(*written, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [list(tables), list(ids), list(operations)])
        return
    from eduhu.mirror.models import OutboxEntry

    entries = (OutboxEntry(table=t, row_id=r, operation=o) for t, r, o in written)
    OutboxEntry.objects.using(connection.alias).bulk_create(entries)
    transaction.on_commit(committed.set, using=connection.alias)


# NOTIFY in the same round trip; the CTE is evaluated once, however many rows there are.
_INSERT = f"""
    WITH wake AS MATERIALIZED (SELECT pg_notify('{CHANNEL}', ''))
    INSERT INTO mirror_outbox (table_name, row_id, operation, created_at, reason)
    SELECT written.*, date_trunc('milliseconds', clock_timestamp()), ''
    FROM wake, unnest(%s::text[], %s::uuid[], %s::text[]) AS written
"""
