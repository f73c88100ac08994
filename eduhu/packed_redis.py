"""Commands to Redis, packed in C.

redis-py reads with hiredis, but its asynchronous connections write in Python: with
hundreds of streams in one command that is the largest part of reading the reply log.
"""

from typing import Any

import hiredis
from redis.asyncio import Redis


class _Packed:
    """What a connection class has before its own `pack_command`."""

    def pack_command(self, *args: Any) -> list[bytes]:
        """Pack one command; its name may be of several words."""
        name, *rest = args
        return [hiredis.pack_command((*name.split(), *rest))]


def packed(client: Redis) -> Redis:
    """Let all connections of `client` pack in C; to be called before it has any."""
    pool = client.connection_pool
    pool.connection_class = type("Packed", (_Packed, pool.connection_class), {})
    return client
