"""Storing rows by the ten thousand: COPY on PostgreSQL, `executemany` on SQLite."""

from collections.abc import Callable

from django.db import connection, transaction

from eduhu.seeding.plan import Plan
from eduhu.seeding.rows import COLUMNS, Rows, email, make_rows


def store(plan: Plan, told: Callable[[int], None]) -> int:
    """Make and store all rows of `plan`, some teachers at a time; return how many are new.

    Who stopped it may call it again: teachers that are there already are left alone.
    `told` hears the number of teachers done, every time it grows.
    """
    made = 0
    for teachers in plan.batches():
        missing = _missing(plan, teachers)
        with transaction.atomic():
            _store(make_rows(plan, missing))
        made += len(missing)
        told(teachers.stop)
    with connection.cursor() as cursor:
        for table in COLUMNS:  # or the planner would know nothing of them for a while
            cursor.execute(f"ANALYZE {table}")
    return made


def _missing(plan: Plan, teachers: range) -> list[int]:
    addresses = {email(plan, number): number for number in teachers}
    marks = ", ".join(["%s"] * len(addresses))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT email FROM teachers WHERE email IN ({marks})", list(addresses))
        for (known,) in cursor.fetchall():
            del addresses[known]
    return list(addresses.values())


def _store(rows: Rows) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL statement_timeout = 0")
        for table, values in rows.tables.items():
            names = COLUMNS[table].split()
            columns = ", ".join(f'"{name}"' for name in names)
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                    for row in values:
                        copy.write_row(row)
            elif values:
                marks = ", ".join(["%s"] * len(names))
                cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)
