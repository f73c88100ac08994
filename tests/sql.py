"""Raw SQL for tests: what the database itself does, without any Python rule in between."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.models import Model


def stored(value: Any) -> Any:
    """`value` as this engine stores it; lists and dicts become JSON text."""
    if isinstance(value, uuid.UUID):
        return value if connection.vendor == "postgresql" else value.hex
    if isinstance(value, list | dict):
        return json.dumps(value)
    return value


def execute(statement: str, values: Any = ()) -> list[tuple[Any, ...]]:
    """Run one statement; return its rows, if it has any."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [stored(value) for value in values])
        return cursor.fetchall() if cursor.description else []


def row_of(instance: Model) -> dict[str, Any]:
    """What an ordinary save would store, by column."""
    fields = instance._meta.concrete_fields
    return {
        field.column: field.get_db_prep_save(getattr(instance, field.attname), connection)
        for field in fields
    }


def insert(table: str, row: Mapping[str, Any]) -> None:
    """Insert a row, column by column."""
    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join(["%s"] * len(row))
    execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row.values())


def update(table: str, row_id: uuid.UUID, changes: Mapping[str, Any]) -> None:
    """Change some columns of one row."""
    assignments = ", ".join(f'"{name}" = %s' for name in changes)
    execute(f"UPDATE {table} SET {assignments} WHERE id = %s", [*changes.values(), row_id])


def columns(table: str) -> dict[str, bool]:
    """The columns of a table, and whether each may be null."""
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    return {column.name: bool(column.null_ok) for column in described}


def constraints(table: str) -> list[dict[str, Any]]:
    """Primary keys, unique keys, foreign keys, checks and indexes of a table."""
    with connection.cursor() as cursor:
        return list(connection.introspection.get_constraints(cursor, table).values())


def triggers() -> set[str]:
    """The names of our triggers."""
    return {name for name, _table in triggers_of_tables()}


def triggers_of_tables() -> list[tuple[str, str]]:
    """Our triggers, each with its table; on PostgreSQL several tables may have one of a name."""
    if connection.vendor == "postgresql":
        ours = "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
    else:
        ours = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    return list(execute(ours))
