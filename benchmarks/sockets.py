"""What thousands of idle sockets, and hundreds of slow streams, do to one web process.

`python -m benchmarks.sockets [--quick]`

- 5,000 sockets on `ws/events` of one web process (PostgreSQL and Redis): its memory, REST
  beside them, how many live after more than a minute, and one event for each.
- 500 slow streams of one process that also writes the replies (SQLite): how soon
  `/health/live` answers meanwhile.

The figures are printed and written to `benchmarks/results/sockets.json`.
"""

import argparse
import asyncio
import resource
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import aiohttp

from benchmarks.idle_sockets import IdleSocket, open_sockets
from benchmarks.load import Question, ask_all, percentiles, script, summary
from benchmarks.measure import Numbers, machine, report
from benchmarks.processes import family_cpu_seconds, family_rss_mb
from benchmarks.streaming import upstream
from tests.cluster import Cluster

FILES = 16_384
TEACHERS = 100
RSS_MB, REST_MS, HEALTH_MS = 350, 200, 100
SLOW = (20, 0.5)  # tokens, and seconds between two


def raise_file_limit() -> None:
    """Allow this process, and those it starts, a file for each socket."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def idle_sockets(cluster: Cluster, count: int, seconds: float) -> Numbers:
    """Hold `count` sockets for `seconds`; then change something each of them shall hear of."""
    [web] = cluster.webs
    tokens = [first for first, _second in cluster.tokens]
    numbers: Numbers = {"sockets": count, "rss_mb_before": family_rss_mb([web.pid])}
    started = time.monotonic()
    sockets = await open_sockets(web.url, tokens, count)
    numbers["seconds_to_open_all"] = round(time.monotonic() - started, 1)
    numbers["rss_mb_with_all_open"] = family_rss_mb([web.pid])
    cpu = family_cpu_seconds([web.pid])
    await asyncio.sleep(seconds / 2)
    idle = (family_cpu_seconds([web.pid]) - cpu) / (seconds / 2)
    numbers["idle_cpu_percent_of_a_core"] = round(100 * idle, 1)
    numbers["rest_ms_beside"] = await _timed_gets(f"{web.url}/api/chats", seconds / 2, tokens[0])
    numbers["alive_after_seconds"] = round(time.monotonic() - started)
    numbers["alive"] = sum(socket.is_open for socket in sockets)
    numbers["events_in_ms"] = await _events(web.url, tokens, sockets)
    numbers["heard"] = sum(len(socket.frames) > 1 for socket in sockets)
    numbers["alive_at_the_end"] = sum(socket.is_open for socket in sockets)
    numbers["rss_mb_at_the_end"] = family_rss_mb([web.pid])
    for socket in sockets:
        socket.transport.abort()
    return numbers


async def _timed_gets(url: str, seconds: float, token: str = "") -> dict[str, float]:
    """Ask again and again; return the milliseconds of the answers."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    took, end = [], time.monotonic() + seconds
    async with aiohttp.ClientSession(headers=headers) as session:
        while time.monotonic() < end:
            asked = time.monotonic()
            async with session.get(url) as response:
                assert response.status == 200, response.status
                await response.read()
            took.append((time.monotonic() - asked) * 1000)
            await asyncio.sleep(0.05)
    return percentiles(took)


async def _events(
    url: str, tokens: Sequence[str], sockets: Sequence[IdleSocket]
) -> dict[str, float]:
    """Create one chat for each teacher; return how long the news took to each socket."""
    posted = {}
    async with aiohttp.ClientSession() as session:
        for token in tokens:
            posted[token] = time.monotonic()
            headers = {"Authorization": f"Bearer {token}"}
            async with session.post(f"{url}/api/chats", json={}, headers=headers) as response:
                assert response.status == 201, await response.text()
            await asyncio.sleep(0.1)
    end = time.monotonic() + 30
    # The sockets are a benchmark: looking ten times a second is cheaper than 5,000 events.
    while (  # noqa: ASYNC110
        any(len(socket.frames) < 2 for socket in sockets) and time.monotonic() < end
    ):
        await asyncio.sleep(0.1)
    heard = [socket for socket in sockets if len(socket.frames) > 1]
    return percentiles((socket.frames[1][0] - posted[socket.token]) * 1000 for socket in heard)


async def slow_streams(cluster: Cluster, count: int) -> Numbers:
    """Read `count` slow replies, and ask for the state of the process meanwhile."""
    [web] = cluster.webs
    tokens = [first for first, _second in cluster.tokens]
    questions = [Question(web.url, tokens[n % len(tokens)], *SLOW) for n in range(count)]
    spread = 0.02
    reading = asyncio.create_task(ask_all(questions, spread=spread))
    starting = await _timed_gets(f"{web.url}/health/live", count * spread)
    running = await _timed_gets(f"{web.url}/health/live", questions[0].ideal_seconds * 0.8)
    rss = family_rss_mb([web.pid])
    return {
        "streams": count,
        "health_ms_while_they_start": starting,
        "health_ms_while_they_run": running,
        "rss_mb": rss,
        **summary(await reading),
    }


def missed_bars(found: dict[str, Numbers]) -> list[str]:
    """Return what is above its bar."""
    sockets, streams = found["sockets"], found["streams"]
    count = sockets["sockets"]
    kept: dict[str, Any] = {
        f"memory under {RSS_MB} MB": sockets["rss_mb_with_all_open"] < RSS_MB,
        f"REST p95 under {REST_MS} ms": sockets["rest_ms_beside"]["p95"] < REST_MS,
        "all alive": sockets["alive"] == sockets["alive_at_the_end"] == count,
        "all heard": sockets["heard"] == count,
        f"health p95 under {HEALTH_MS} ms": max(
            streams["health_ms_while_they_start"]["p95"], streams["health_ms_while_they_run"]["p95"]
        )
        < HEALTH_MS,
    }
    return [bar for bar, is_kept in kept.items() if not is_kept]


def main() -> None:
    """Measure, print and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few sockets, briefly; no report")
    quick = parser.parse_args().quick
    raise_file_limit()
    found, facts = {}, machine()
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(webs=1, workers=1, teachers=TEACHERS))
        found["sockets"] = asyncio.run(
            idle_sockets(cluster, 300 if quick else 5000, 8 if quick else 70)
        )
    with ExitStack() as stack:
        ai, _pid = stack.enter_context(upstream())
        settings = {"AI_BASE_URL": ai, "AI_MODELS": script(*SLOW)}
        cluster = stack.enter_context(Cluster.embedded(teachers=TEACHERS, **settings))
        found["streams"] = asyncio.run(slow_streams(cluster, 50 if quick else 500))
    missed = missed_bars(found)
    print("\n".join(f"missed: {each}" for each in missed) or "all bars are kept")
    numbers = {"machine": facts, "missed": missed, **found}
    if quick:
        print(numbers)
    else:
        report("sockets", numbers)


if __name__ == "__main__":
    main()
