"""Development, staging and production keep out of each other's data.

Each database and each Redis is marked with the environment that used it first, and a
process of another one does not start with it: a copied `DATABASE_URL` stops a
deployment, and not a school. `manage.py adopt_database` is for a copy that was meant.
"""

import logging
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)

KEY = "eduhu:environment"
REDIS_SECONDS = 2.0


def refuse_foreign_data() -> None:
    """Raise CommandError where database or Redis belong to another environment.

    One that is away is believed: a process starts without it, and waits for it.
    """
    try:
        _compare("database", marked_database())
    except DatabaseError as error:
        logger.warning("the database cannot be asked whose it is: %s", type(error).__name__)
    finally:
        connection.close()
    if settings.REDIS_URL:
        _compare("Redis", _marked_redis())


def _compare(what: str, theirs: str | None) -> None:
    if theirs is not None and theirs != settings.ENVIRONMENT:
        raise CommandError(
            f"This {what} belongs to {theirs}, and EDUHU_ENV is {settings.ENVIRONMENT}. "
            "If a copy was meant for here: manage.py adopt_database."
        )


def marked_database() -> str | None:
    """Return whose database this is, or None before its first `migrate`."""
    from eduhu.models import Installation

    if Installation._meta.db_table not in connection.introspection.table_names():
        return None
    return Installation.objects.values_list("environment", flat=True).first()


def _marked_redis() -> str | None:
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        ) as client:
            client.set(KEY, settings.ENVIRONMENT, nx=True)
            found: Any = client.get(KEY)
    except (RedisError, OSError) as error:
        logger.warning("Redis cannot be asked whose it is: %s", type(error).__name__)
        return None
    return found.decode() if found else None


def before_migrate(**_kwargs: Any) -> None:
    """Change no table of another environment (signal receiver)."""
    _compare("database", marked_database())


def after_migrate(**_kwargs: Any) -> None:
    """Mark a new database (signal receiver)."""
    from eduhu.models import Installation

    if Installation._meta.db_table in connection.introspection.table_names():
        Installation.objects.get_or_create(pk=1, defaults={"environment": settings.ENVIRONMENT})
