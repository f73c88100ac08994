"""Forgetting after the commit: in the shared cache, in this process, in all others.

Others hear through Redis, or, without it, from a small table that `serve` polls. What
is not heard is forgotten with process memory, two seconds later at most.
"""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from eduhu.cache import memory, news, shared
from eduhu.cache.shared import EVERYTHING

MANY = 500  # scopes of one write; beyond it all is forgotten, which is cheaper

RowKey = tuple[str, Any]  # a table, and the primary key of a row

_serves = False


def serve_here() -> None:
    """Say that this is the process that serves: without Redis it tells nobody."""
    global _serves
    _serves = True


def is_told_by_table() -> bool:
    """Whether writes of this process are told through the database."""
    return not _serves and not settings.REDIS_URL


def forget_on_commit(
    connection: BaseDatabaseWrapper, scopes: Collection[str], rows: Collection[RowKey] = ()
) -> None:
    """Forget after the commit of the current transaction, all its scopes in one go.

    `rows` are those of which `scopes` hold everything; see `rows_to_forget`.
    """
    if not scopes:
        return
    wanted = {EVERYTHING} if len(scopes) > MANY else set(scopes)
    if is_told_by_table():
        news.write_down(connection, wanted)
    hook = _hook(connection)
    if hook is None:
        transaction.on_commit(_Forget(wanted, set(rows)), using=connection.alias)
        return
    hook.scopes |= wanted
    hook.rows.update(rows)


def rows_to_forget(connection: BaseDatabaseWrapper) -> Collection[RowKey]:
    """Return the rows of which the current transaction forgets everything already."""
    hook = _hook(connection)
    return hook.rows if hook is not None else ()


def _hook(connection: BaseDatabaseWrapper) -> "_Forget | None":
    # A hook that is still there was made in savepoints that are open or released, so it
    # is dropped only together with the next write.
    hooks: Any = connection.run_on_commit  # its type is that of older versions
    return next((hook for _, hook, _ in hooks if isinstance(hook, _Forget)), None)


class _Forget:
    def __init__(self, scopes: set[str], rows: set[RowKey]) -> None:
        self.scopes = scopes
        self.rows = rows

    def __call__(self) -> None:
        forget(self.scopes)


def forget(scopes: Collection[str]) -> None:
    """Serve nothing of these scopes that was read before now, in any process."""
    # Shared first: who reads there between both must not keep it in memory. It also tells
    # the other processes.
    shared.forget(scopes)
    forget_here(scopes)


def forget_here(scopes: Collection[str]) -> None:
    """Serve nothing of these scopes from the memory of this process."""
    if EVERYTHING in scopes:
        memory.forget_everything()
        return
    for scope in scopes:
        memory.forget(scope)


def forget_everything(**_signal: Any) -> None:
    """Empty the caches: after raw SQL, and after a migration (signal receiver)."""
    if settings.CACHE_TIERS == "on":
        forget([EVERYTHING])
        if is_told_by_table():
            news.write_down(transaction.get_connection(), [EVERYTHING])
