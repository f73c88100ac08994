"""Every write of the ORM, seen where it becomes SQL: for the mirror and for the caches.

Whatever was called, it ends in one INSERT, UPDATE or DELETE statement, and the compilers
of our database back ends have these mixins in common. `RETURNING` names exactly the
rows that a statement wrote, whatever its conditions. Raw SQL is not seen.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.constants import OnConflict
from django.db.models.sql import Query

Model = type[models.Model]
Row = dict[str, Any]  # values by the name of an attribute: `chat_id`


@dataclass(frozen=True, slots=True)
class Write:
    """What one statement wrote.

    `changed` names the fields that an update sets, also that of an upsert. `before`
    holds the rows as they were, where an update sets a field that somebody asked for.
    `objects` are what an insert was called with.
    """

    connection: BaseDatabaseWrapper
    model: Model
    operation: str  # insert, update, delete
    rows: Collection[Row]
    changed: frozenset[str] = frozenset()
    before: Collection[Row] = ()
    objects: Collection[models.Model] = ()


@dataclass(frozen=True, slots=True)
class Observer:
    """Who wants to know of writes.

    `fields` names the attributes to be told of each row, none for a model that it does
    not care for. `note` is called after the statement; if `stores()`, in one
    transaction with it.
    """

    fields: Callable[[Model], Collection[str]]
    note: Callable[[Write], None]
    stores: Callable[[], bool]


_observers: list[Observer] = []


def observe(observer: Observer) -> None:
    """Tell of all writes from now on."""
    _observers.append(observer)


class Compiler:
    """What the mixins use of the compiler they are mixed into."""

    query: Any  # an InsertQuery, UpdateQuery or DeleteQuery
    connection: Any  # the types of Django's wrappers know no `ops` in common
    as_sql: Any

    def _interested(self) -> list[Observer]:
        model = self.query.model
        return [each for each in _observers if model is not None and each.fields(model)]

    def _fields(self, observers: list[Observer]) -> list[Any]:
        model = self.query.model
        names = dict.fromkeys(name for each in observers for name in each.fields(model))
        return [model._meta.get_field(name) for name in names]

    def _transaction(self, observers: list[Observer]) -> AbstractContextManager[Any]:
        if any(each.stores() for each in observers):
            return transaction.atomic(self.connection.alias, savepoint=False)
        return nullcontext()

    def _tell(
        self, observers: list[Observer], operation: str, rows: list[Row], **more: Any
    ) -> None:
        write = Write(self.connection, self.query.model, operation, rows, **more)
        for observer in observers:
            observer.note(write)


class ObservedInsert(Compiler):
    """Tells what an INSERT brings."""

    def execute_sql(self, returning_fields: Any = None) -> Any:
        """Insert, and tell of the rows."""
        observers = self._interested()
        insert = super().execute_sql  # type: ignore[misc]  # of that compiler
        if not observers:
            return insert(returning_fields)
        with self._transaction(observers):
            if self.query.on_conflict == OnConflict.UPDATE:
                return self._upsert(observers, insert, list(returning_fields or []))
            result = insert(returning_fields)
            # Of rows that were ignored it does no harm to tell.
            fields, objects = self._fields(observers), self.query.objs
            rows = [_row(fields, [getattr(obj, f.attname) for f in fields]) for obj in objects]
            self._tell(observers, "insert", rows, objects=objects)
            return result

    def _upsert(self, observers: list[Observer], insert: Any, asked: list[Any]) -> list[Any]:
        """The row that stays may have another id than the one that came."""
        fields = self._fields(observers)
        found = insert([*fields, *asked])
        changed = frozenset(field.name for field in self.query.update_fields)
        rows = [_row(fields, values) for values in found]
        self._tell(observers, "insert", rows, changed=changed, objects=self.query.objs)
        return [values[len(fields) :] for values in found] if asked else []


class ObservedWrite(Compiler):
    """Tells which rows an UPDATE or DELETE has reached."""

    def execute_sql(self, result_type: Any, *args: Any, **options: Any) -> Any:
        """Return the number of rows, after telling of them."""
        observers = self._interested()
        if not observers:
            return super().execute_sql(result_type, *args, **options)  # type: ignore[misc]
        with self._transaction(observers):
            try:
                return self._write(observers)
            except EmptyResultSet:
                return 0

    def _write(self, observers: list[Observer]) -> int:
        values = getattr(self.query, "values", None)  # a DELETE has none
        changed = frozenset(field.name for field, _model, _value in values or ())
        fields = self._fields(observers)
        before = list(self._rows(fields)) if any(f.name in changed for f in fields) else []
        sql, params = self.as_sql()
        if not sql:
            return 0
        names = ", ".join(self.connection.ops.quote_name(field.column) for field in fields)
        with self.connection.cursor() as cursor:
            cursor.execute(f"{sql} RETURNING {names}", params)
            rows = [_row(fields, values) for values in cursor.fetchall()]
        operation = "delete" if values is None else "update"
        self._tell(observers, operation, rows, changed=changed, before=before)
        return len(rows)

    def _rows(self, fields: list[Any]) -> Iterator[Row]:
        """Select what is about to be updated; an UPDATE returns only what it has made."""
        query = self.query.chain(klass=Query)
        query.clear_ordering(force=True)
        query.select = ()
        query.add_fields([field.name for field in fields])
        for values in query.get_compiler(connection=self.connection).results_iter():
            yield _row(fields, values)


def _row(fields: list[Any], values: Any) -> Row:
    pairs = zip(fields, values, strict=False)  # an upsert may return more
    return {field.attname: field.to_python(value) for field, value in pairs}
