"""What every model here shares: ids, millisecond times, checks both engines understand."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.db import connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler
from uuid6 import uuid7


def new_id() -> uuid.UUID:
    """Return a UUIDv7 (RFC 9562): ordered by time, so that indexes stay local."""
    return uuid.UUID(int=uuid7().int)


def now() -> dt.datetime:
    """Return the current time in UTC at millisecond precision."""
    return to_milliseconds(dt.datetime.now(dt.UTC))


def to_milliseconds(moment: dt.datetime) -> dt.datetime:
    """Cut `moment` to milliseconds, the precision of every stored time."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def epoch_ms(moment: dt.datetime) -> int:
    """Return `moment` as every edge shows it: integer milliseconds since 1970 (UTC)."""
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def from_epoch_ms(milliseconds: int) -> dt.datetime:
    """Return the UTC time of `milliseconds` since 1970. Raises OverflowError or ValueError."""
    seconds, rest = divmod(milliseconds, 1000)
    return dt.datetime.fromtimestamp(seconds, dt.UTC).replace(microsecond=rest * 1000)


class MillisecondField(models.DateTimeField):  # type: ignore[type-arg]  # not generic at run time
    """A time with time zone, cut to milliseconds before it is stored or compared."""

    def get_prep_value(self, value: Any) -> Any:
        """Cut what Django is about to send."""
        value = super().get_prep_value(value)
        return to_milliseconds(value) if isinstance(value, dt.datetime) else value

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """`timestamptz(3)` on PostgreSQL, Django's text column on SQLite."""
        if connection.vendor == "postgresql":
            return "timestamp(3) with time zone"
        return super().db_type(connection)


class JsonTypeOf(models.Func):
    """The JSON type of a column as text: 'array', 'object', …; the same on both engines."""

    output_field = models.TextField()
    arity = 1

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        """Render for PostgreSQL."""
        return self.as_sql(compiler, connection, function="jsonb_typeof", **context)

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        """Render for SQLite."""
        return self.as_sql(compiler, connection, function="json_type", **context)


def give_back_connection() -> None:
    """Return this thread's connection to the pool before a wait; the next query takes another.

    Does nothing inside a transaction, whose connection cannot be given away.
    """
    if not connection.in_atomic_block:
        connection.close()


class Literal(models.Value):
    """A word that stands in the SQL itself, where a parameter could not show a partial index."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        """Render the word. Raises ValueError for anything that is none."""
        if not (isinstance(self.value, str) and self.value.isidentifier()):
            raise ValueError(self.value)
        return f"'{self.value}'", ()


def run_statements(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    """Run plain SQL, one statement at a time, on `connection`."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def install_triggers(
    using: str, tables: Iterable[str], *, postgresql: Iterable[str], sqlite: Iterable[str]
) -> None:
    """Create or replace triggers on the database `using`, once all of their `tables` are there.

    The statements must bear being run any number of times: every migrate runs them.
    """
    connection = connections[using]
    if set(connection.introspection.table_names()).issuperset(tables):
        run_statements(connection, postgresql if connection.vendor == "postgresql" else sqlite)
