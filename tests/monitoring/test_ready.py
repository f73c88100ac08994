"""Readiness follows PostgreSQL and Redis as they die and come back; nobody helps."""

import asyncio
import json
import urllib.error
import urllib.request
from contextlib import asynccontextmanager

import pytest

from tests.cluster import Cluster

pytestmark = [pytest.mark.services, pytest.mark.claim(59), pytest.mark.claim(72)]

SECONDS = 60  # far longer than it takes, as the machine may be busy


@pytest.fixture(scope="module")
def eduhu():
    """A web process on PostgreSQL and Redis; its Celery runs inside, and has no part in this."""
    environment = {"CELERY_BROKER_URL": "memory://localhost"}
    with Cluster(webs=1, workers=1, teachers=20, **environment) as running:
        yield running


def readiness(url):
    """Return the status, and what fails."""
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=20) as answer:
            return answer.status, set(json.loads(answer.read())["failed"])
    except urllib.error.HTTPError as error:
        with error:
            return error.code, set(json.loads(error.read())["failed"])


async def becomes(eduhu, status, *failed):
    """Wait until readiness has this status, with at least these failures."""
    async with asyncio.timeout(SECONDS):
        while True:
            found = await asyncio.to_thread(readiness, eduhu.urls[0])
            if found[0] == status and found[1] >= set(failed):
                return
            await asyncio.sleep(0.1)


@asynccontextmanager
async def without(*servers):
    """Kill servers for the length of the block."""
    for server in servers:
        server.kill()
    try:
        yield
    finally:
        for server in servers:
            server.start()


async def test_postgresql_dies_and_comes_back(eduhu):
    await becomes(eduhu, 200)
    async with without(eduhu.postgres):
        await becomes(eduhu, 503, "database")
        assert await asyncio.to_thread(eduhu.webs[0].answers)
    await becomes(eduhu, 200)


async def test_redis_dies_and_comes_back(eduhu):
    await becomes(eduhu, 200)
    async with without(eduhu.redis):
        await becomes(eduhu, 503, "cache", "channel_layer")
        assert await asyncio.to_thread(eduhu.webs[0].answers)
    await becomes(eduhu, 200)


async def test_a_server_starts_without_them_and_becomes_ready_by_itself(eduhu):
    [web] = eduhu.webs
    web.kill()
    async with without(eduhu.postgres, eduhu.redis):
        web.start()
        await web.ready()  # that is, it lives
        await becomes(eduhu, 503, "database", "cache", "channel_layer")
    await becomes(eduhu, 200)
