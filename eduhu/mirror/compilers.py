"""The seam of the capture: what the SQL compilers of our database back ends have in common.

`RETURNING` names exactly the rows that a statement wrote, whatever its conditions.
"""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import transaction
from django.db.models.constants import OnConflict

from eduhu.mirror import capture
from eduhu.mirror.capture import Source


class Compiler:
    """What the mixins use of the compiler they are mixed into."""

    query: Any  # an InsertQuery, UpdateQuery or DeleteQuery
    connection: Any  # the types of Django's wrappers know no `ops` in common
    as_sql: Any


class CapturedInsert(Compiler):
    """Notes what an INSERT brings."""

    def execute_sql(self, returning_fields: Any = None) -> Any:
        """Insert, and note the rows in the same transaction."""
        source = capture.source_of(self.query.model)
        insert = super().execute_sql  # type: ignore[misc]  # of that compiler
        if source is None:
            return insert(returning_fields)
        with transaction.atomic(self.connection.alias, savepoint=False):
            if self.query.on_conflict == OnConflict.UPDATE:
                return self._upsert(source, insert, list(returning_fields or []))
            rows = insert(returning_fields)
            # Of rows that were ignored an entry too many does no harm.
            fields = source.named_fields()
            written = [tuple(_value(f, obj) for f in fields) for obj in self.query.objs]
            capture.note(self.connection, source, "insert", written)
            return rows

    def _upsert(self, source: Source, insert: Any, asked: list[Any]) -> list[Any]:
        """The row that stays may have another id than the one that came."""
        fields = source.named_fields()
        rows = insert([*fields, *asked])
        changed = frozenset(field.name for field in self.query.update_fields)
        capture.note(self.connection, source, "insert", rows, changed)
        return [row[len(fields) :] for row in rows] if asked else []


def _value(field: Any, obj: Any) -> Any:
    return field.to_python(getattr(obj, field.attname))


class CapturedWrite(Compiler):
    """Notes which rows an UPDATE or DELETE has reached."""

    def execute_sql(self, result_type: Any, *args: Any, **options: Any) -> Any:
        """Return the number of rows, after noting them in the same transaction."""
        source = capture.source_of(self.query.model)
        if source is None:
            return super().execute_sql(result_type, *args, **options)  # type: ignore[misc]
        try:
            sql, params = self.as_sql()
        except EmptyResultSet:
            return 0
        return self._write(source, sql, params) if sql else 0

    def _write(self, source: Source, sql: str, params: Any) -> int:
        quote = self.connection.ops.quote_name
        names = ", ".join(quote(field.column) for field in source.named_fields())
        with (
            transaction.atomic(self.connection.alias, savepoint=False),
            self.connection.cursor() as cursor,
        ):
            cursor.execute(f"{sql} RETURNING {names}", params)
            rows = cursor.fetchall()
            values = getattr(self.query, "values", None)  # a DELETE has none
            changed = frozenset(field.name for field, _model, _value in values or ())
            operation = "delete" if values is None else "update"
            capture.note(self.connection, source, operation, rows, changed)
        return len(rows)
