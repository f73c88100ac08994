"""What eduhu needs, asked one by one.

A check raises when something is wrong. What it raises stays in the log; outsiders learn
the name of the check, staff a few words, and nobody an address, a query or a key.
"""

import asyncio
import datetime as dt
import pkgutil
import secrets
from collections.abc import Awaitable, Callable
from importlib import import_module
from time import monotonic

from channels.layers import get_channel_layer
from django.apps import apps
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from eduhu.compiled import Select
from eduhu.named_queries import named_query
from eduhu.threads import in_thread
from monitoring.health.models import CELERY, Sign

LONGEST_SILENCE = dt.timedelta(seconds=60)  # of Celery
APPLIED_SECONDS = 60.0  # how long migrations that were applied count as applied
AWAY = (OperationalError, InterfaceError, ConnectionInterrupted, RedisError, OSError)

Check = Callable[[], Awaitable[None]]


class Unhealthy(Exception):
    """Something is wrong, in words that staff may read."""


def reason_of(error: BaseException) -> str:
    """Say what went wrong without what an error might tell by accident."""
    if isinstance(error, Unhealthy):
        return str(error)
    if isinstance(error, TimeoutError):
        return "no answer"
    return "not reachable" if isinstance(error, AWAY) else "failed"


@named_query("health.database")
def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_cache() -> None:
    told = secrets.token_hex(8)
    cache.set(f"health:{told}", told, 10)
    if cache.get(f"health:{told}") != told:
        raise Unhealthy("it forgets")


async def _ask_channel_layer() -> None:
    layer = get_channel_layer()
    channel, told = await layer.new_channel("health"), secrets.token_hex(8)
    await layer.send(channel, {"type": "health", "told": told})
    heard = await layer.receive(channel)
    if heard.get("told") != told:
        raise Unhealthy("it delivers something else")


_SIGN = Select(Sign.objects.filter(pk=CELERY))


@named_query("health.celery")
def _ask_celery() -> None:
    sign = _SIGN.first()
    if sign is None:
        raise Unhealthy("no task has ever run")
    if sign.age > LONGEST_SILENCE:
        raise Unhealthy(f"no task for {sign.age.total_seconds():.0f} s")


_applied_until = 0.0


@named_query("health.migrations")
def _ask_migrations() -> None:
    global _applied_until
    if monotonic() < _applied_until:
        return
    applied = set(MigrationRecorder(connection).migration_qs.values_list("app", "name"))
    missing = sorted(migrations_on_disk() - applied)
    if missing:
        first = ".".join(missing[0])
        raise Unhealthy(f"{len(missing)} not applied, the first is {first}")
    _applied_until = monotonic() + APPLIED_SECONDS


def migrations_on_disk() -> set[tuple[str, str]]:
    """Return app and name of every migration; none is imported, as they cost memory."""
    found = set()
    for app in apps.get_app_configs():
        try:
            package = import_module(f"{app.name}.migrations")
        except ModuleNotFoundError:
            continue
        modules = pkgutil.iter_modules(package.__path__)
        found |= {(app.label, module.name) for module in modules if module.name[0] not in "_~"}
    return found


CHECKS: dict[str, Check] = {
    "database": in_thread(_ask_database),
    "migrations": in_thread(_ask_migrations),
    "cache": in_thread(_ask_cache),
    "channel_layer": _ask_channel_layer,
    "celery": in_thread(_ask_celery),
}


async def bounded(check: "asyncio.Task[None]", seconds: float) -> None:
    """Wait for a check. Raises TimeoutError, and leaves the check to its end."""
    done, _waiting = await asyncio.wait({check}, timeout=seconds)
    if not done:
        raise TimeoutError
    check.result()
