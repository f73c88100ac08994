"""Writes of mirrored tables leave an entry in the outbox, in the same transaction.

Every write of Django's ORM becomes one INSERT, UPDATE or DELETE statement, and the
compilers of our database back ends (`compilers.py`) hand each of them to `note()`.
So `save`, bulk methods, `F()` updates, cascades and the admin need nothing of their
own. Raw SQL and data migrations are not seen.
"""

import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from eduhu.mirror.documents import Document

CHANNEL = "eduhu_mirror"
Written = tuple[str, uuid.UUID, str]  # table, row, operation


@dataclass(frozen=True, slots=True)
class Source:
    """A mirrored model.

    `documents` reads rows as InstantDB holds them; ids without a row are left out.
    `touches` is a foreign key whose row the database changes with each insert and
    delete. `copies` names, for a foreign key, the fields of that other row which the
    documents show as well.
    """

    model: type[models.Model]
    documents: Callable[[Collection[uuid.UUID]], Iterable[Document]]
    touches: str | None = None
    copies: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The table, and the namespace in InstantDB."""
        return self.model._meta.db_table

    def named_fields(self) -> list["models.Field[Any, Any]"]:
        """Return the fields that an entry is made of: the key, and what a write touches."""
        names = [self.model._meta.pk.name, *filter(None, [self.touches])]
        return [self.model._meta.get_field(name) for name in names]  # type: ignore[misc]


_sources: dict[type[models.Model], Source] = {}
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


def source_of(model: type[models.Model] | None) -> Source | None:
    """Return how `model` is mirrored, or None when its writes leave no entry."""
    if model is None or not is_on():
        return None
    return _sources.get(model._meta.concrete_model or model)


def note(
    connection: BaseDatabaseWrapper,
    source: Source,
    operation: str,
    rows: Collection[tuple[Any, ...]],
    changed: frozenset[str] = frozenset(),
) -> None:
    """Store an entry for each written row; a transaction must be open.

    `rows` hold the values of `source.named_fields()`, `changed` the names of the
    fields that an update sets.
    """
    ids = [_as_uuid(row[0]) for row in rows]
    written = [(source.table, row_id, operation) for row_id in ids]
    if source.touches and operation != "update":
        target = source.model._meta.get_field(source.touches).related_model
        table = target._meta.db_table  # type: ignore[union-attr]
        touched = {_as_uuid(row[1]) for row in rows}
        written += [(table, row_id, "update") for row_id in sorted(touched)]
    if changed:
        written += _rows_with_copies(connection, source, ids, changed)
    enqueue(connection, written)


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


def _as_uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


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
