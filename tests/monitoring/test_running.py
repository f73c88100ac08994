"""A running eduhu: readiness follows PostgreSQL and Redis, and dashboards follow everything."""

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import asynccontextmanager

import pytest

from tests.cluster import Cluster
from tests.fakes.ai_script import Script
from tests.monitoring.prometheus import Prometheus, panels
from tests.processes import ROOT
from tests.readers import Device

pytestmark = [pytest.mark.services, pytest.mark.timeout(400)]

SECONDS = 150  # far longer than it takes, as the machine may be busy


@pytest.fixture(scope="module")
def watched():
    """A web process and a reply worker; Celery runs inside the web process."""
    environment = {"CELERY_BROKER_URL": "memory://localhost", "AI_PRICES": "scripted=1/2"}
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


async def becomes(watched, status, *failed):
    """Wait until readiness has this status, with at least these failures."""
    async with asyncio.timeout(SECONDS):
        while True:
            found = await asyncio.to_thread(readiness, watched.urls[0])
            if found[0] == status and found[1] >= set(failed):
                return
            await asyncio.sleep(0.1)


async def use(watched):
    """Use eduhu for as long as somebody looks: questions, lists, sockets, errors."""
    token = watched.tokens[-1][0]
    async with Device(watched.urls[0], token) as device:
        chat_id = await device.new_chat()
        async with device.socket(chat_id) as socket:
            while True:
                await (await device.ask({"chat_id": chat_id, "content": "Was misst das?"})).read()
                await socket.send({"type": "ping"})
                await socket.until("pong")  # and read what the questions have brought
                await device.get("/api/chats")
                await device.get("/api/preferences")
                await device.call("GET", "/api/nothing")
                await asyncio.sleep(0.2)


def probe(watched):
    web = watched.webs[0]
    command = [sys.executable, "manage.py", "probe", "--url", web.url]
    subprocess.run(command, cwd=ROOT, env=web.environment, check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("prometheus"), reason="needs Prometheus")
@pytest.mark.claim(99)
async def test_every_panel_shows_data_of_a_running_eduhu(watched, tmp_path):
    await becomes(watched, 200)
    watched.ai.scripts["Was misst das?"] = Script(tokens=5)
    await asyncio.to_thread(probe, watched)
    user = asyncio.create_task(use(watched))
    waiting = panels()
    assert len(waiting) > 50
    try:
        with Prometheus(tmp_path, watched.urls[0].removeprefix("http://")) as prometheus:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SECONDS):
                    while waiting:
                        waiting = [
                            each
                            for each in waiting
                            if not await asyncio.to_thread(prometheus.numbers, each[2])
                        ]
                        await asyncio.sleep(0.5)
            assert waiting == []
            rules = await asyncio.to_thread(prometheus.ask, "rules")
            health = {
                rule["name"]: (rule["health"], rule.get("lastError"))
                for group in rules["groups"]
                for rule in group["rules"]
            }
            assert set(health.values()) == {("ok", None)}, health
            assert not user.done(), user
    finally:
        user.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await user


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


@pytest.mark.claim(59)
@pytest.mark.claim(72)
async def test_postgresql_dies_and_comes_back(watched):
    await becomes(watched, 200)
    async with without(watched.postgres):
        await becomes(watched, 503, "database")
        assert await asyncio.to_thread(watched.webs[0].answers)
    await becomes(watched, 200)


@pytest.mark.claim(59)
@pytest.mark.claim(72)
async def test_redis_dies_and_comes_back(watched):
    await becomes(watched, 200)
    async with without(watched.redis):
        await becomes(watched, 503, "cache", "channel_layer")
        assert await asyncio.to_thread(watched.webs[0].answers)
    await becomes(watched, 200)


@pytest.mark.claim(59)
@pytest.mark.claim(72)
async def test_a_server_starts_without_them_and_becomes_ready_by_itself(watched):
    [web] = watched.webs
    web.kill()
    async with without(watched.postgres, watched.redis):
        web.start()
        await web.ready()  # that is, it lives
        await becomes(watched, 503, "database", "cache", "channel_layer")
    await becomes(watched, 200)
