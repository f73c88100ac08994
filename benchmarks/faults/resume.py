"""Streams that are cut at random bytes and resumed elsewhere, and restarts of the web."""

import asyncio
import contextlib
import random
import signal
import time

from benchmarks.faults.checks import Outcome, check_all, questions, spread, story
from benchmarks.faults.viewer import Cut, Viewer, client_session
from tests.cluster import Cluster, Web

TOKENS = 100
FIRST_BYTES = (300, 1500)  # of about 9,000 that a stream has
EXIT_SECONDS = 20


def viewers_of(cluster: Cluster, session: object, seed: int, count: int, **telling: float) -> list:
    """Return viewers with a story each, spread over all teachers."""
    rng = random.Random(seed)
    tokens, delay = int(telling.get("tokens", TOKENS)), telling.get("delay", 0.1)
    asked = questions(cluster, [story(rng, tokens, delay) for _ in range(count)])
    teachers = cluster.tokens
    return [
        Viewer(session, teachers[n % len(teachers)], question)  # type: ignore[arg-type]
        for n, question in enumerate(asked)
    ]


async def resume(
    cluster: Cluster,
    *,
    seed: int,
    streams: int = 200,
    tokens: int = TOKENS,
    delay: float = 0.1,
    patience: float = 0.5,
) -> Outcome:
    """Cut each stream three times; move it between SSE, WebSocket, devices and servers."""
    async with client_session() as session:
        viewers = viewers_of(cluster, session, seed, streams, tokens=tokens, delay=delay)
        rngs = [random.Random(f"{seed} {n}") for n in range(streams)]
        await asyncio.gather(*map(_wander, viewers, [cluster.urls] * streams, rngs))
    outcome = check_all(cluster, viewers, {"complete"})
    times = spread(time for viewer in viewers for time in viewer.resumes)
    outcome.numbers["resume_seconds"] = times
    outcome.numbers["cuts"] = sum(viewer.cuts for viewer in viewers)
    outcome.expect(outcome.numbers["cuts"] == 3 * streams, "not every stream was cut three times")
    outcome.expect(times["p95"] < patience, f"resume p95 {times['p95']} s")
    return outcome


async def _wander(viewer: Viewer, urls: list[str], rng: random.Random) -> None:
    await asyncio.sleep(rng.uniform(0, 1))
    servers = rng.sample(urls, len(urls))
    moves = [viewer.follow, viewer.follow_socket]
    moves += [rng.choice(moves)]
    rng.shuffle(moves)
    await _until_cut(viewer.ask(servers[0], cut=rng.randint(*FIRST_BYTES)))
    for n, move in enumerate(moves[:2]):
        await asyncio.sleep(rng.uniform(0, 0.3))
        there, device = servers[(n + 1) % len(servers)], rng.randrange(2)
        await _until_cut(move(there, cut=rng.randint(*FIRST_BYTES), device=device))
    await asyncio.sleep(rng.uniform(0, 0.3))
    await moves[2](rng.choice(urls))


async def _until_cut(leg: object) -> None:
    with contextlib.suppress(Cut):
        await leg  # type: ignore[misc]


async def rolling_restart(
    cluster: Cluster, *, seed: int, streams: int = 100, tokens: int = 150, delay: float = 0.1
) -> Outcome:
    """Replace one web process after the other while people read."""
    exits: list[float] = []
    async with client_session() as session:
        viewers = viewers_of(cluster, session, seed, streams, tokens=tokens, delay=delay)
        watching = [
            asyncio.create_task(viewer.stay([*cluster.urls[n % 2 :], *cluster.urls[: n % 2]]))
            for n, viewer in enumerate(viewers)
        ]
        await begun(viewers)
        outcome = Outcome()
        for web in cluster.webs:
            exits.append(await _replace(web, outcome))
        await asyncio.gather(*watching)
    checked = check_all(cluster, viewers, {"complete"})
    outcome.failures += checked.failures
    asked = checked.numbers["reconnects_asked_for"]
    outcome.expect(asked >= streams // 2, f"only {asked} readers were sent elsewhere")
    outcome.numbers = {**checked.numbers, "exit_seconds": [round(each, 2) for each in exits]}
    return outcome


async def _replace(web: Web, outcome: Outcome) -> float:
    started = time.monotonic()
    web.signal(signal.SIGTERM)
    code = await web.ended()
    seconds = time.monotonic() - started
    outcome.expect(code == 0, f"exit code {code}")
    outcome.expect(seconds <= EXIT_SECONDS, f"{seconds:.0f} s until the end")
    web.start()
    await web.ready()
    return seconds


async def begun(viewers: list[Viewer], seconds: float = 30) -> None:
    """Wait until everybody has seen some text."""
    async with asyncio.timeout(seconds):
        while not all(viewer.text or viewer.ending for viewer in viewers):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
