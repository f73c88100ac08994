"""How many rows each table has."""

from django.apps import apps
from django.db import connection

COUNTED = 100_000  # beyond it PostgreSQL's own estimate will do: counting millions takes seconds


def table_sizes() -> dict[str, int | str]:
    """Return the number of rows by table; `≈` marks an estimate, `≥` where counting stopped."""
    estimates = _estimates()
    sizes: dict[str, int | str] = {}
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.managed:
            continue
        table = model._meta.db_table
        count = model._default_manager.order_by()[: COUNTED + 1].count()
        estimate = estimates.get(table, 0)
        if count > COUNTED:
            sizes[table] = f"≈ {estimate}" if estimate > COUNTED else f"≥ {COUNTED}"
        else:
            sizes[table] = count
    return dict(sorted(sizes.items()))


def _estimates() -> dict[str, int]:
    if connection.vendor != "postgresql":
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, reltuples::bigint FROM pg_class WHERE relkind = 'r'")
        return dict(cursor.fetchall())
