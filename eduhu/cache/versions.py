"""New versions for scopes, and the news of them for other processes: one call to Redis.

Each write of a teacher comes here, so that two calls, or a transaction of several, would
be a large part of what the write costs.
"""

import secrets
from collections.abc import Collection
from functools import cache as once
from typing import Any

import orjson
from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django_redis import get_redis_connection
from redis.commands.core import Script

CHANNEL = "eduhu:cache"
ME = secrets.token_hex(8)  # what this process published itself it knows already

_RENEW = """
for _, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'EX', ARGV[2]) end
redis.call('PUBLISH', ARGV[3], ARGV[4])
"""


def new() -> int:
    """Return a version that never was. A number, because django-redis stores it as it is."""
    return secrets.randbits(62) + 1


def renew(scopes: Collection[str], names: Collection[str], seconds: int) -> None:
    """Give the versions called `names` a new value, and tell of `scopes`. A message may be lost."""
    # Looked up once: the names of one cache, sent to another, would count as told there.
    cache: Any = caches[DEFAULT_CACHE_ALIAS]
    keys = [cache.make_key(name) for name in names]
    told = orjson.dumps([ME, *scopes])
    client = cache.client.get_client(write=True)
    _script()(keys=keys, args=[new(), seconds, CHANNEL, told], client=client)


@once
def _script() -> Script:
    return get_redis_connection().register_script(_RENEW)
