"""Packed in C, a command is the same bytes as packed by redis-py."""

import pytest
from redis.asyncio import Connection, Redis, SSLConnection

from eduhu.packed_redis import packed

COMMANDS = [
    ("XADD", "eduhu:reply:{log}:1:1", "57-0", "t", "Grüße 🍕\r\n$5"),
    ("XADD", b"key", "0-1", "e", b'{"offset":0}\x00'),
    ("EXPIRE", "key", 300),
    ("SET", "key", 0.5),
    ("SCRIPT LOAD", "return 1"),
    ("XREAD", "BLOCK", 5000, "STREAMS", *["key"] * 900, *["0-0"] * 900),
    ("MULTI",),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_command_is_the_same_bytes(command):
    connection = packed(Redis()).connection_pool.make_connection()
    assert isinstance(connection, Connection)
    assert b"".join(connection.pack_command(*command)) == b"".join(
        Connection().pack_command(*command)
    )


def test_an_encrypted_connection_stays_encrypted():
    client = packed(Redis.from_url("rediss://localhost"))
    assert issubclass(client.connection_pool.connection_class, SSLConnection)
