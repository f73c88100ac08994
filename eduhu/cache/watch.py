"""Which writes change what is cached: each write of the ORM names the scopes to forget.

Apps say for each table, in `ready()`, which scopes its rows are in. Writes are seen
where they become SQL (`eduhu/writes.py`), so REST, sockets, the admin, tasks, imports,
bulk methods and cascades need nothing of their own.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Any

from django.conf import settings
from django.db.models import prefetch_related_objects

from eduhu.cache import invalidation
from eduhu.cache.invalidation import RowKey
from eduhu.cache.shared import EVERYTHING
from eduhu.writes import Model, Observer, Row, Write


@dataclass(frozen=True, slots=True)
class Watched:
    """A table whose rows are cached.

    `scopes` are forgotten with each write of a row, such as `chats:{teacher_id}`;
    `whole` only when the row comes, goes or moves. `touches` is a foreign key whose row
    the database changes with each insert and delete; an update of the fields `counted`
    forgets only the `numbers` of that row. Where `shown` is given, an update of other
    fields changes nothing that is cached.
    """

    scopes: tuple[str, ...]
    whole: tuple[str, ...] = ()
    touches: str | None = None
    counted: frozenset[str] = frozenset()
    numbers: tuple[str, ...] = ()
    shown: frozenset[str] | None = None

    @cache  # noqa: B019 (there are as many as tables)
    def fields(self) -> list[str]:
        """Return the attributes that the scopes are made of."""
        templates = (*self.scopes, *self.whole, *self.numbers)
        named = [name for template in templates for name in _named(template)]
        return list(dict.fromkeys([*named, *([f"{self.touches}_id"] if self.touches else [])]))


@cache
def _named(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


_watched: dict[str, Watched] = {}  # by table: migrations have model classes of their own


def watch(model: Model, watched: Watched) -> None:
    """Forget what is cached of a model's rows when they are written."""
    _watched[model._meta.db_table] = watched


def _fields(model: Model) -> Collection[str]:
    watched = _watched.get(model._meta.db_table) if settings.CACHE_TIERS == "on" else None
    return watched.fields() if watched is not None else ()


def _note(write: Write) -> None:
    watched = _watched[write.model._meta.db_table]
    if write.operation == "update" and not _shows(watched, write.changed):
        return
    touched: list[RowKey] = []
    if write.operation == "insert" and write.changed & _names(write.model, watched):
        scopes = {EVERYTHING}  # an upsert does not say whose the row was
    else:
        is_whole = write.operation != "update" or _has_moved(write)
        templates = (*watched.scopes, *watched.numbers, *(watched.whole if is_whole else ()))
        scopes = set(_scopes(templates, [*write.rows, *write.before]))
        if watched.touches and (is_whole or watched.counted & write.changed):
            scopes |= set(_touched(write, watched.touches, is_whole=is_whole))
            touched = _rows_of(write, watched.touches) if is_whole else []
    invalidation.forget_on_commit(write.connection, scopes, touched)


def _shows(watched: Watched, changed: Collection[str]) -> bool:
    return watched.shown is None or not watched.shown.isdisjoint(changed)


def _has_moved(write: Write) -> bool:
    def values(rows: Collection[Row]) -> set[tuple[object, ...]]:
        return {tuple(row.values()) for row in rows}

    return bool(write.before) and values(write.before) != values(write.rows)


def _names(model: Model, watched: Watched) -> set[str]:
    return {model._meta.get_field(name).name for name in watched.fields()}


def _scopes(templates: Iterable[str], rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        for template in templates:
            # A row without an owner is nobody's, and cached for nobody.
            if all(row[name] is not None for name in _named(template)):
                yield template.format(**row)


def _rows_of(write: Write, foreign_key: str) -> list[RowKey]:
    """Return which rows the written ones belong to, or belonged to."""
    table = _target(write, foreign_key)._meta.db_table
    ids = {row[f"{foreign_key}_id"] for row in [*write.rows, *write.before]}
    return [(table, row_id) for row_id in ids]


def _target(write: Write, foreign_key: str) -> Any:
    return write.model._meta.get_field(foreign_key).related_model


def _touched(write: Write, foreign_key: str, *, is_whole: bool) -> Iterator[str]:
    target = _target(write, foreign_key)
    watched = _watched[target._meta.db_table]
    if write.operation == "insert":
        # Nearly always known: who stores a message holds its chat.
        prefetch_related_objects(list(write.objects), foreign_key)
        known = {getattr(obj, foreign_key, None) for obj in write.objects} - {None}
        rows = [{name: getattr(obj, name) for name in watched.fields()} for obj in known]
    else:
        # Who ends a reply has stored a message of the same chat before.
        done = invalidation.rows_to_forget(write.connection)
        ids = [row[1] for row in _rows_of(write, foreign_key) if row not in done]
        if not ids:  # Django would build a whole query to find that it asks for nothing
            return iter(())
        found = target._base_manager.using(write.connection.alias).filter(pk__in=ids)
        rows = list(found.values(*watched.fields()))
    return _scopes((*watched.scopes, *watched.numbers) if is_whole else watched.numbers, rows)


OBSERVER = Observer(_fields, _note, stores=invalidation.is_told_by_table)
