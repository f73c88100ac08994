"""Hot statements of the ORM: built once, afterwards only given their values.

Django builds the SQL of a query each time it runs, and that costs several times what it
costs to run it. A statement of this module is written as a query like any other, with a
`Param` wherever a value comes later:

    FIND = Select(Chat.objects.filter(pk=Param(Chat, "id")))
    chat = FIND.first(id=chat_id)

Django builds it at its first use, once for each engine. So models stay the only place
that knows tables and columns, and since a copy of Django's own compiler runs it, it is
timed and its writes are seen as all others are (`eduhu/writes.py`).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.models.query import get_related_populators
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.models.sql.constants import ROW_COUNT

Values = dict[str, Any]


class Param(models.Expression):
    """A value that is given later, as `name`; it is stored and compared as that field is."""

    def __init__(self, model: type[models.Model], field: str, name: str = "") -> None:
        output_field: Any = model._meta.get_field(field)
        super().__init__(output_field=output_field)
        self.name = name or field

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Render a placeholder, and stand for the value among the parameters."""
        return "%s", (self,)


class _Built(NamedTuple):
    """A compiler that has done its work. It is never run itself, but copied."""

    compiler: Any
    sql: str
    params: tuple[Any, ...]

    def bound(self, connection: Any, values: Values) -> tuple[Any, ...]:
        """Return the parameters for these values."""
        return tuple(
            [
                _stored(each.output_field, values[each.name], connection)
                if isinstance(each, Param)
                else each
                for each in self.params
            ]
        )

    def given(self, connection: Any, values: Values) -> Any:
        """Return a compiler for `connection` whose SQL is known."""
        params = self.bound(connection, values)
        compiler = object.__new__(type(self.compiler))  # `copy` takes five times as long
        vars(compiler).update(vars(self.compiler))
        compiler.connection = connection
        compiler.as_sql = lambda: (self.sql, params)
        return compiler


def _stored(field: Any, value: Any, connection: Any) -> Any:
    return None if value is None else field.get_db_prep_save(value, connection)


class _Statement:
    """A query, and what each engine has made of it."""

    def __init__(self, query: Any) -> None:
        self._query = query
        self._built: dict[str, _Built] = {}

    def _build(self, connection: Any) -> _Built:
        built = self._built.get(connection.vendor)
        if built is None:
            compiler = self._query.clone().get_compiler(connection=connection)
            built = self._built[connection.vendor] = _Built(compiler, *compiler.as_sql())
        return built


class Select(_Statement):
    """A query for objects, or for the tuples of a `values_list()`.

    `select_for_update()` outside of a transaction is refused at the first use only.
    """

    def __init__(self, queryset: Any) -> None:
        super().__init__(queryset.query)
        self._is_of_tuples = queryset._fields is not None
        self._makers: dict[str, Callable[[Any], list[Any]]] = {}

    def all(self, **values: Any) -> list[Any]:
        """Return the rows for these values."""
        connection = connections[DEFAULT_DB_ALIAS]
        built = self._build(connection)
        with connection.cursor() as cursor:
            cursor.execute(built.sql, built.bound(connection, values))
            rows = cursor.fetchall()
        return self._maker(connection, built)(rows)

    def first(self, **values: Any) -> Any:
        """Return the first row, or None where there is none."""
        return next(iter(self.all(**values)), None)

    def _maker(self, connection: Any, built: _Built) -> Callable[[Any], list[Any]]:
        maker = self._makers.get(connection.vendor)
        if maker is None:
            convert = _conversion(built.compiler)
            make = tuple if self._is_of_tuples else _construction(built.compiler)
            maker = self._makers[connection.vendor] = lambda rows: list(map(make, convert(rows)))
        return maker


def _conversion(compiler: Any) -> Callable[[Any], Any]:
    """Return what makes Python's values of those in rows, where the engine does not."""
    columns = [column for column, _sql, _alias in compiler.select]
    converters = compiler.get_converters(columns)
    if not converters:
        return lambda rows: rows
    return lambda rows: compiler.apply_converters(rows, converters)


def _construction(compiler: Any) -> Callable[[Any], models.Model]:
    """Return what makes an object of a row, with those joined to it, as a QuerySet does."""
    info, select = compiler.klass_info, compiler.select
    columns = info["select_fields"]
    start, end = columns[0], columns[-1] + 1
    names = [select[column][0].target.attname for column in columns]
    joined = get_related_populators(info, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # newer

    def make(row: Any) -> models.Model:
        made: models.Model = info["model"].from_db(DEFAULT_DB_ALIAS, names, row[start:end])
        for populator in joined:
            populator.populate(row, made)
        return made

    return make


class Update(_Statement):
    """An UPDATE of the rows of a query; `changes` as for `QuerySet.update()`."""

    def __init__(self, queryset: Any, **changes: Any) -> None:
        query = queryset.query.chain(UpdateQuery)
        query.add_update_values(changes)
        super().__init__(query)

    def run(self, **values: Any) -> int:
        """Return the number of rows that were changed."""
        with transaction.mark_for_rollback_on_error(using=DEFAULT_DB_ALIAS):
            connection = connections[DEFAULT_DB_ALIAS]
            return int(self._build(connection).given(connection, values).execute_sql(ROW_COUNT))


def insert(new: models.Model) -> None:
    """Store a new object whose key is set, as `save()` does, but without its signals."""
    connection = connections[DEFAULT_DB_ALIAS]
    fields = type(new)._meta.local_concrete_fields
    values = {field.name: field.pre_save(new, add=True) for field in fields}
    compiler = _insert_into(type(new), connection.vendor).given(connection, values)
    sql, params = compiler.as_sql()
    compiler.as_sql = lambda: [(sql, params)]  # of an INSERT Django expects a list
    compiler.query = InsertQuery(type(new))
    compiler.query.insert_values(fields, [new])
    with transaction.mark_for_rollback_on_error(using=DEFAULT_DB_ALIAS):
        compiler.execute_sql()
    new._state.adding, new._state.db = False, DEFAULT_DB_ALIAS


@lru_cache(maxsize=64)
def _insert_into(model: type[models.Model], _vendor: str) -> _Built:
    fields = model._meta.local_concrete_fields
    example = model()
    for field in fields:
        setattr(example, field.attname, Param(model, field.name))
    query = InsertQuery(model)
    query.insert_values(fields, [example])
    compiler = query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])
    return _Built(compiler, *compiler.as_sql()[0])
