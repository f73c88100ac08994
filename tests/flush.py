"""Empty the database after a test that committed: only the tables that hold rows.

Django's own flush goes through all tables, and then acts as if there had been a migration:
triggers, permissions and content types are made anew, which takes ten times as long.
Here what follows a migration stays: who adds a receiver of `post_migrate` that makes rows
adds their table below.
"""

from functools import cache

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction
from django.test import TransactionTestCase

from eduhu.models import Installation

MADE_BY_MIGRATE = {
    model._meta.db_table
    for model in (ContentType, Permission, Group, Group.permissions.through, Installation)
}


@cache
def tables(alias: str) -> list[str]:
    """Return the names of all tables whose rows tests make."""
    found = connections[alias].introspection.django_table_names(
        only_existing=True, include_views=False
    )
    return sorted(set(found) - MADE_BY_MIGRATE)


def flush(alias: str) -> None:
    """Delete all rows that tests have made."""
    connection = connections[alias]
    quote = connection.ops.quote_name
    asked = [
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quote(name)})" for name in tables(alias)
    ]
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        full = [quote(name) for (name,) in cursor.fetchall()]
        if full and connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(full)} CASCADE")
            return
        for name in full:  # their foreign keys are asked at the end
            cursor.execute(f"DELETE FROM {name}")


def _teardown(test_case: TransactionTestCase) -> None:
    for alias in test_case._databases_names(include_mirrors=False):
        flush(alias)


def begin() -> None:
    """From now on flush like this after each test with `transaction=True`."""
    TransactionTestCase._fixture_teardown = _teardown
