"""Streams that wait hold no database connection."""

import asyncio

import psycopg
import pytest

from tests.fakes.ai_script import Script
from tests.readers import until

STREAMS = 14  # more than the pool has connections
BUSY = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"


@pytest.mark.services
async def test_open_streams_hold_no_connection(ai, ai_and_eduhu, sign_in):
    _ai, server, _tokens = ai_and_eduhu
    ai.script = Script(fault="endless", delay=0.1)
    devices = [await sign_in() for _ in range(STREAMS)]
    streams = await asyncio.gather(*(device.ask("Hallo") for device in devices))
    for stream in streams:
        await stream.until(lambda event: event.type == "content")
    with psycopg.connect(server.environment["DATABASE_URL"], autocommit=True) as watcher:
        count = lambda query: watcher.execute(query).fetchone()[0]  # noqa: E731
        await until(lambda: count(BUSY) == 0)
        assert count(OPEN) <= 1 + 2 * 10  # ours, and the pools of web process and worker
    answers = await asyncio.gather(*(device.call("GET", "/api/chats") for device in devices))
    assert {status for status, _body in answers} == {200}
    for device, stream in zip(devices, streams, strict=True):
        await device.cancel(stream.meta["reply_id"])
        await stream.read()
