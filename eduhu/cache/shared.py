"""The second tier: a cache that all processes share. It may be empty, old or away.

Each entry holds the version of its scope at the time when its loading began. A write
gives the scope another version, which never comes back, so an entry that was loaded
before a write is never served after it, however late it is stored. Versions live in
the cache as well: who finds none makes one, and older entries do not match it.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.core.cache import cache
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from eduhu.cache import versions
from eduhu.cache.policies import TTL_SECONDS, Content, Entry
from eduhu.errors import CircuitOpen
from eduhu.resilience import Breaker

logger = logging.getLogger(__name__)

T = TypeVar("T")
FAILURES = (ConnectionInterrupted, RedisError, OSError)
VERSION_SECONDS = 24 * 3600  # far longer than any entry lives
CLAIM_SECONDS = 5
USE_SECONDS = max(TTL_SECONDS.values())
TELL_AGAIN_SECONDS = 1.0
EVERYTHING = "everything"  # a scope over all others


def make_breaker(pause: float = 5.0) -> Breaker:
    """Return a breaker that leaves Redis alone for `pause` seconds after it failed twice."""
    return Breaker("cache", failures=FAILURES, threshold=2, window=30.0, pause=pause)


breaker = make_breaker()
_lock = threading.Lock()
_untold = 0  # writes that no version tells of


class Found(NamedTuple):
    """What was read.

    `version` is the one to store under (None: nothing can be stored), `entry` one worth
    serving, `replaces` when the entry was loaded that a new one would replace.
    """

    version: str | None = None
    entry: Entry | None = None
    replaces: float = 0.0


def read(key: str, scope: str) -> Found:
    """Return the entry of `key`, in one call."""
    if _untold:
        return Found()
    names = [_version_key(EVERYTHING), _version_key(scope), _entry_key(key)]
    found = _ask(lambda: cache.get_many(names), otherwise=None)
    if found is None:
        return Found()
    everything, own, raw = map(found.get, names)
    if everything is None or own is None:
        return Found(_made_version(everything, own, scope))
    version = f"{everything}.{own}"
    entry = Entry(*raw) if raw is not None else None
    if entry is None or entry.version != version:
        return Found(version)
    return Found(version, entry if time.time() < entry.expires_at else None, entry.loaded_at)


def _made_version(everything: str | None, own: str | None, scope: str) -> str | None:
    def made(name: str) -> str:
        # Not `get_or_set`, which asks three times: that there is none is known.
        key, version = _version_key(name), str(versions.new())
        is_ours = cache.add(key, version, VERSION_SECONDS)
        return version if is_ours else str(cache.get(key, version))

    return _ask(lambda: f"{everything or made(EVERYTHING)}.{own or made(scope)}", otherwise=None)


def write(key: str, content: Content, entry: Entry) -> None:
    """Store an entry for as long as it may be served."""
    fields = (
        entry.value, entry.version, entry.loaded_at, entry.refresh_at, entry.expires_at,
        entry.is_warmed,
    )  # fmt: skip
    seconds = entry.expires_at - entry.loaded_at
    _ask(lambda: cache.set(_entry_key(key), fields, seconds), otherwise=None)


def claim(key: str, found: Found) -> bool:
    """Whether loading what comes after `found` is this caller's job; False for all others.

    A claim is good for `CLAIM_SECONDS`: one who claims and dies delays others no longer.
    """
    return _ask(lambda: bool(cache.add(_claim_key(key, found), 1, CLAIM_SECONDS)), otherwise=True)


def is_first_use(key: str, loaded_at: float) -> bool:
    """Whether nobody has said this of the entry before, in any process."""
    name = f"used:{key}:{loaded_at}"
    return _ask(lambda: bool(cache.add(name, 1, USE_SECONDS)), otherwise=False)


def give_back(key: str, found: Found) -> None:
    """Let another one claim, after a loading that failed."""
    _ask(lambda: cache.delete(_claim_key(key, found)), otherwise=None)


def forget(scopes: Collection[str]) -> None:
    """Give the scopes new versions, and tell the other processes.

    What cannot be told now is told as soon as possible.
    """
    global _untold
    if _tell(scopes):
        return
    with _lock:
        _untold += 1
        if _untold == 1:
            threading.Thread(target=_tell_later, name="cache-versions", daemon=True).start()


def _tell(scopes: Collection[str]) -> bool:
    names = [_version_key(scope) for scope in scopes]

    def tell() -> bool:
        if settings.REDIS_URL:
            versions.renew(scopes, names, VERSION_SECONDS)
        else:
            cache.set_many(dict.fromkeys(names, versions.new()), VERSION_SECONDS)
        return True

    return _ask(tell, otherwise=False)


def _tell_later() -> None:
    # Which scopes were missed is not remembered: after an outage the cache begins anew.
    global _untold
    while True:
        owed = _untold
        if not _tell([EVERYTHING]):
            time.sleep(TELL_AGAIN_SECONDS)
            continue
        with _lock:
            _untold -= owed
            # Here, or two threads would pay one debt, and the next one would seem paid.
            if not _untold:
                return


def is_all_told() -> bool:
    """Whether no process serves what was written here from an older version."""
    return not _untold


def _ask(call: Callable[[], T], *, otherwise: Any) -> T:
    try:
        with breaker.guard():
            return call()
    except CircuitOpen:
        pass
    except FAILURES as error:
        logger.warning("the shared cache is away", exc_info=error)
    return otherwise  # type: ignore[no-any-return]  # what the caller does without a cache


def _version_key(scope: str) -> str:
    return f"version:{scope}"


def _entry_key(key: str) -> str:
    return f"value:{key}"  # its fields have no names: what changes them must change this


def _claim_key(key: str, found: Found) -> str:
    return f"claim:{key}:{found.version}:{found.replaces}"
