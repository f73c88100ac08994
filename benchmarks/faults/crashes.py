"""Processes killed (-9) in the middle of replies."""

import asyncio
import random
import time

import aiohttp

from benchmarks.faults.checks import Outcome, check_all, rows_of, spread
from benchmarks.faults.resume import begun, viewers_of
from benchmarks.faults.viewer import Refused, Viewer, client_session
from tests.cluster import Cluster

REAP_SECONDS = 30
LOST_SECONDS = 1.5  # a checkpoint each second, and the time that writing one takes


async def worker_killed(
    cluster: Cluster, *, seed: int, replies: int = 100, tokens: int = 200, delay: float = 0.1
) -> Outcome:
    """Kill the worker, start another; then retry and continue what it left."""
    rng = random.Random(seed)
    async with client_session() as session:
        viewers = viewers_of(cluster, session, seed, replies, tokens=tokens, delay=delay)
        watching = [asyncio.create_task(viewer.stay(cluster.urls)) for viewer in viewers]
        await begun(viewers)
        await asyncio.sleep(rng.uniform(0.5, 2.5))
        for worker in cluster.workers:
            worker.kill()
        killed = time.monotonic()
        for worker in cluster.workers:
            worker.start()
        await asyncio.gather(*watching)
        outcome = _after_kill(cluster, viewers, killed)
        await _use_again(cluster, viewers, outcome, rng)
    return outcome


async def embedded_killed(
    cluster: Cluster, *, seed: int, replies: int = 50, tokens: int = 200, delay: float = 0.1
) -> Outcome:
    """Kill the one process that does everything, start it again, and go on."""
    rng = random.Random(seed)
    [web] = cluster.webs
    async with client_session() as session:
        viewers = viewers_of(cluster, session, seed, replies, tokens=tokens, delay=delay)
        watching = [asyncio.create_task(viewer.stay(cluster.urls)) for viewer in viewers]
        await begun(viewers)
        await asyncio.sleep(rng.uniform(0.5, 2.5))
        web.kill()
        killed = time.monotonic()
        web.start()
        await asyncio.gather(*watching)
        outcome = _after_kill(cluster, viewers, killed)
        await _use_again(cluster, viewers, outcome, rng)
    return outcome


def _after_kill(cluster: Cluster, viewers: list[Viewer], killed: float) -> Outcome:
    outcome = check_all(cluster, viewers, {"interrupted"}, lost_seconds=LOST_SECONDS)
    ended = spread(viewer.ended_at - killed for viewer in viewers)
    outcome.numbers["seconds_from_kill_to_ending"] = ended
    outcome.expect(ended["max"] <= REAP_SECONDS, f"an ending came after {ended['max']} s")
    return outcome


async def _use_again(
    cluster: Cluster, viewers: list[Viewer], outcome: Outcome, rng: random.Random
) -> None:
    """Every second chat goes on with its reply, the others ask again; all must be whole."""
    kept = [row["text"] if row else "" for row in rows_of(cluster, viewers)]
    for viewer, text in zip(viewers, kept, strict=True):
        viewer.text = viewer.text[: len(text)]
    verbs = ["continue" if n % 2 else "retry" for n in range(len(viewers))]
    again = [
        asyncio.create_task(_again(viewer, rng.choice(cluster.urls), verb))
        for viewer, verb in zip(viewers, verbs, strict=True)
    ]
    await asyncio.gather(*again)
    checked = check_all(cluster, viewers, {"complete"})
    outcome.failures += [f"after retry or continue: {each}" for each in checked.failures]
    for viewer, verb, text, row in zip(
        viewers, verbs, kept, rows_of(cluster, viewers), strict=True
    ):
        answers = 2 if verb == "retry" and text else 1  # without text there was no message
        answered = row["answered"] if row else 0
        outcome.expect(answered == answers, f"{viewer.question}: {answered} answers after {verb}")
    outcome.numbers["complete_after_retry_or_continue"] = checked.numbers["states"]


async def _again(viewer: Viewer, url: str, verb: str) -> None:
    try:
        await viewer.again(url, verb)
    except (Refused, aiohttp.ClientError) as error:
        viewer.faults.append(f"{verb}: {error}")


async def web_killed(
    cluster: Cluster, *, seed: int, replies: int = 100, tokens: int = 120, delay: float = 0.1
) -> Outcome:
    """Kill a web process; the worker goes on, and the readers go to the other one."""
    async with client_session() as session:
        viewers = viewers_of(cluster, session, seed, replies, tokens=tokens, delay=delay)
        watching = [asyncio.create_task(viewer.stay(cluster.urls)) for viewer in viewers]
        await begun(viewers)
        await asyncio.sleep(random.Random(seed).uniform(0, 1.5))
        cluster.webs[0].kill()
        cluster.webs[0].start()
        await asyncio.gather(*watching)
    await cluster.webs[0].ready()
    outcome = check_all(cluster, viewers, {"complete"})
    lost = outcome.numbers["connections_lost"]
    outcome.expect(lost >= replies // 2, f"only {lost} readers noticed")
    return outcome
