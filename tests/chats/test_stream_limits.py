"""One count for everything that costs: exact when all doors are tried at once, and without Redis."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from itertools import chain

import pytest
from websockets.exceptions import ConnectionClosed

from tests.cluster import Cluster
from tests.fakes.ai_script import Script
from tests.readers import Device, Socket, Stream, devices_at

RATE = 30


@pytest.fixture
def cluster(cluster):
    """The processes, with short answers."""
    cluster.ai.script = Script.saying("Gern geschehen.", delay=0.01)
    return cluster


async def stopped(device: Device, cluster: Cluster) -> str:
    """A reply that can be continued; its words are said once more when it is."""
    cluster.ai.scripts["Halt"] = Script(first_delay=5)
    stream = await device.ask({"content": "Halt"})
    await stream.next()
    await device.cancel(stream.meta["reply_id"])
    await stream.read()
    del cluster.ai.scripts["Halt"]
    return stream.meta["reply_id"]


async def outcome(stream: Stream) -> str:
    """How a request ended: the code of its refusal, or `answered`."""
    if stream.status == 200:
        await stream.read()
        return "answered"
    problem = await stream.problem()
    assert stream.status == problem["status"] < 500
    if problem["code"] == "rate_limited":
        assert stream.status == 429
        assert 1 <= int(stream.headers["Retry-After"]) <= 3600
    return problem["code"]


async def knock(opening: Awaitable[Stream]) -> list[str]:
    """Open a stream, and read it to its end."""
    return [await outcome(await opening)]


async def send_often(socket: Socket, times: int) -> list[str]:
    """Ask `times` over a socket without waiting; how each question ended."""
    for _ in range(times):
        await socket.send({"type": "send", "content": "Hallo"})
    outcomes: list[str] = []
    while len(outcomes) < times:
        [*_, last] = await socket.until("done", "error")
        if last.type == "error" and last.data["code"] == "rate_limited":
            assert 1 <= last.data["retry_after"] <= 3600
            assert last.data["error"]
        outcomes.append("answered" if last.type == "done" else last.data["code"])
    assert (await socket.ask({"type": "ping"}))["type"] == "pong"
    return outcomes


@pytest.mark.claim(79)
async def test_all_doors_at_once_share_one_exact_count(devices, cluster):
    first, last = devices[0], devices[-1]
    to_continue = await stopped(first, cluster)
    to_retry = (await (await first.ask("Hallo")).read()).meta["reply_id"]
    used, chats = 2, [await first.new_chat() for _ in range(2)]
    async with first.socket(chats[0]) as one, last.socket(chats[1]) as two:
        streams = [
            *(device.ask("Hallo") for device in devices * 6),
            *(last.again(to_continue, "continue") for _ in range(8)),
            *(first.again(to_retry, "retry") for _ in range(8)),
        ]

        knocks = [*map(knock, streams), send_often(one, 10), send_often(two, 10)]
        counted = Counter(chain.from_iterable(await asyncio.gather(*knocks)))
    assert counted["rate_limited"] == len(streams) + 20 - (RATE - used)
    assert set(counted) <= {"answered", "rate_limited", "reply_in_progress", "cannot_continue"}
    for opening in (last.ask("Hallo"), last.again(to_retry, "retry")):
        assert await outcome(await opening) == "rate_limited"


@pytest.mark.claim(79)
async def test_who_has_spent_the_limit_may_do_everything_else(devices, cluster):
    device = devices[0]
    first = await (await device.ask("Hallo")).read()
    key = {"Idempotency-Key": "k-1"}
    kept = await (await device.post("/api/chat", {"content": "Hallo"}, **key)).read()
    while await outcome(await device.ask("Hallo")) == "answered":
        pass
    reply_id, chat_id = first.meta["reply_id"], first.meta["chat_id"]
    assert (await (await device.follow(reply_id)).read()).text == first.text
    again = await (await device.post("/api/chat", {"content": "Hallo"}, **key)).read()
    assert (again.meta, again.text) == (kept.meta, kept.text)
    assert await device.cancel(reply_id) == 202
    assert (await device.call("PATCH", f"/api/chats/{chat_id}", {"title": "Neu"}))[0] == 200
    async with device.socket(chat_id) as socket:
        await socket.send({"type": "resume", "reply_id": reply_id, "offset": 0})
        await socket.until("done")
        assert await send_often(socket, 2) == ["rate_limited", "rate_limited"]


@pytest.fixture(scope="module")
def fragile():
    """Two web processes and a worker whose Redis may die."""
    with Cluster(webs=2, CHAT_RATE=f"{RATE}/h", REPLY_SWEEP_SECONDS="0.3") as running:
        yield running


@pytest.mark.services
async def test_a_redis_that_dies_makes_the_limit_stricter_and_breaks_nothing(fragile):
    async with devices_at(fragile.urls, fragile.tokens.pop()[0]) as (first, last):
        reply_id = (await (await first.ask("Hallo")).read()).meta["reply_id"]
        async with first.socket(await first.new_chat()) as socket:
            fragile.redis.kill()
            await without_redis(first, last, reply_id, socket)
    assert not [line for line in fragile.complaints() if "django.request" in line]


async def without_redis(first: Device, last: Device, reply_id: str, socket: Socket) -> None:
    knocks = [knock(first.ask("Hallo")) for _ in range(8)]
    knocks += [knock(first.again(reply_id, "retry")) for _ in range(8)]
    alone = await asyncio.gather(*knocks, send_often(socket, 4))
    # Each use counts twice while a process counts alone.
    assert Counter(chain.from_iterable(alone))["rate_limited"] == 20 - RATE // 2
    assert await outcome(await first.ask("Hallo")) == "rate_limited"
    assert await outcome(await last.ask("Hallo")) == "answered"  # which counts for itself
    for method, path, body, status in (
        ("GET", "/health/live", None, 200),
        ("GET", "/api/chats", None, 200),
        ("POST", "/api/chats", {}, 201),
        ("POST", "/api/artifacts", {"title": "a", "content": "b", "artifact_type": "rubric"}, 201),
        ("PATCH", "/api/preferences", {"grade_level": "5"}, 200),
        ("POST", "/api/auth/login", {"email": "a@eduhu.example", "password": "b"}, 401),
        ("POST", f"/api/replies/{reply_id}/cancel", None, 202),
    ):
        assert (await first.call(method, path, body))[0] == status, path
    with pytest.raises(ConnectionClosed) as closed:  # and not a refusal of the handshake
        async with last.events() as deaf:
            await deaf.receive()
    assert closed.value.rcvd.code == 4503
