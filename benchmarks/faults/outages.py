"""Redis and PostgreSQL gone, back, or back without a memory, while people ask and read."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import redis

from benchmarks.faults.checks import Outcome, check_all, spread
from benchmarks.faults.resume import begun, viewers_of
from benchmarks.faults.viewer import LOST, Viewer, client_session
from tests.cluster import Cluster

Fault = Callable[[Cluster], Awaitable[None]]
CUT = 500  # bytes after which restless readers leave and come back
SLOW_SECONDS = 1.2  # between tokens; after a second of silence the row is asked
SILENCE_SECONDS = 4.0  # a second until the row is asked, one between checkpoints, and some load
AT_ONCE_SECONDS = 1.5  # how long a request may wait before it hears 503
BACK_SECONDS = 5.0  # how long after the return of PostgreSQL the first request succeeds


@dataclass
class Probe:
    """Asks for the list of chats again and again, at every web process."""

    session: aiohttp.ClientSession
    urls: list[str]
    token: str
    answers: list[tuple[float, float, int]] = field(default_factory=list)  # at, seconds, status

    async def run(self) -> None:
        """Ask until cancelled."""
        await asyncio.gather(*(self._ask_forever(url) for url in self.urls))

    async def _ask_forever(self, url: str) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        while True:
            at = time.monotonic()
            async with self.session.get(f"{url}/api/chats", headers=headers) as response:
                await response.read()
            self.answers.append((at, time.monotonic() - at, response.status))
            await asyncio.sleep(0.1)

    def first_success(self, since: float) -> float:
        """Return how long after `since` the first question was answered with 200, in seconds."""
        done = [at + took for at, took, status in self.answers if status == 200 and at >= since]
        return min(done, default=float("inf")) - since


@dataclass
class Scene:
    """People who read and ask while something is broken."""

    cluster: Cluster
    seed: int
    readers: int
    askers: int
    tokens: int
    delay: float

    async def play(self, fault: Fault, *, pause: float = 0.3) -> tuple[Outcome, Probe, list[Any]]:
        """Break, and return what the checker says once everybody has an ending."""
        async with client_session() as session:
            restless = self._viewers(session, self.readers, self.tokens + 1)
            calm = [*self._viewers(session, self.readers, self.tokens), *self._slow(session)]
            viewers, urls = [*calm, *restless], self.cluster.urls
            reading = [asyncio.create_task(viewer.stay(urls)) for viewer in calm]
            reading += [asyncio.create_task(viewer.stay(urls, cut=CUT)) for viewer in restless]
            await begun(viewers)
            probe = Probe(session, self.cluster.urls, self.cluster.tokens[0][0])
            probing = asyncio.create_task(probe.run())
            asking = asyncio.create_task(self._ask(session, pause))
            await fault(self.cluster)
            latecomers = [viewer.from_the_beginning() for viewer in viewers]
            await asyncio.gather(*(viewer.stay(self.cluster.urls[::-1]) for viewer in latecomers))
            newcomers = await asking
            await asyncio.gather(*reading)
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
        everybody = [*viewers, *latecomers, *newcomers]
        outcome = check_all(self.cluster, everybody, {"complete"})
        lost = outcome.numbers["connections_lost"]
        outcome.expect(not lost, f"{lost} streams were broken off")
        outcome.numbers["lists"] = dict(Counter(status for *_, status in probe.answers))
        outcome.numbers["list_seconds"] = spread(took for _, took, _ in probe.answers)
        return outcome, probe, newcomers

    def _viewers(self, session: aiohttp.ClientSession, count: int, tokens: int) -> list[Viewer]:
        rng = random.Random(f"{self.seed} {count} {tokens}")
        seed = rng.getrandbits(32)
        return viewers_of(self.cluster, session, seed, count, tokens=tokens, delay=self.delay)

    def _slow(self, session: aiohttp.ClientSession) -> list[Viewer]:
        """Readers of replies so slow that they ask the row between two tokens."""
        seconds = self.tokens * self.delay
        rng = random.Random(f"{self.seed} slow")
        count, tokens = self.readers, int(seconds / SLOW_SECONDS)
        return viewers_of(
            self.cluster, session, rng.getrandbits(32), count, tokens=tokens, delay=SLOW_SECONDS
        )

    async def _ask(self, session: aiohttp.ClientSession, pause: float) -> list[Viewer]:
        """Ask one question after the other, beginning with the fault."""
        viewers, asking = self._viewers(session, self.askers, 20), []
        for n, viewer in enumerate(viewers):
            urls = self.cluster.urls
            asking.append(asyncio.create_task(viewer.stay([urls[n % len(urls)], *urls])))
            await asyncio.sleep(pause)
        await asyncio.gather(*asking)
        return viewers


async def redis_faults(
    cluster: Cluster,
    *,
    seed: int,
    readers: int = 30,
    askers: int = 15,
    away: float = 20,
    tokens: int = 150,
    delay: float = 0.1,
    only: Sequence[str] = (),
) -> Outcome:
    """Flush Redis, start it empty after a kill, let it be away: people notice slowness at most."""
    outcome = Outcome()
    faults: dict[str, tuple[Fault, float]] = {
        "flushed": (_flush, 1),
        "restarted": (_restart, 1),
        "restarted_empty": (_restart_empty, 1),
        "away": (lambda cluster: _redis_away(cluster, away), away),
    }
    for name in only or faults:
        fault, lasting = faults[name]
        count = tokens + int(lasting / delay)
        scene = Scene(cluster, seed, readers, askers, count, delay)
        part, _probe, _newcomers = await scene.play(fault, pause=max(0.1, lasting / askers))
        statuses = set(part.numbers["lists"])
        part.expect(statuses == {200}, f"lists answered {statuses}")
        silence = part.numbers["longest_silence"]["max"]
        part.expect(silence <= SILENCE_SECONDS, f"no text for {silence} s")
        part.expect(not part.numbers["refusals"], f"refused: {part.numbers['refusals']}")
        outcome.add(part, name)
    return outcome


async def _flush(cluster: Cluster) -> None:
    with redis.Redis.from_url(cluster.redis.url) as client:
        client.flushall()


async def _restart(cluster: Cluster) -> None:
    cluster.redis.kill()
    cluster.redis.start()


async def _restart_empty(cluster: Cluster) -> None:
    cluster.redis.kill()
    cluster.empty_redis()
    await asyncio.sleep(0.5)
    cluster.redis.start()


async def _redis_away(cluster: Cluster, seconds: float) -> None:
    cluster.redis.kill()
    limits = await _attempts_until_limited(cluster)
    await asyncio.sleep(seconds - limits[1])
    cluster.redis.start()
    assert limits[0] <= STRICTER_LIMIT, f"{limits[0]} attempts passed while Redis was away"


STRICTER_LIMIT = 10  # of sign-ins a minute with a wrong password: the limit that holds with Redis


async def _attempts_until_limited(cluster: Cluster) -> tuple[int, float]:
    """Sign in with a wrong password until refused; return how often a minute allowed that.

    Limits count in fixed minutes: what passed before the current one began is left out.
    """
    started, passed = time.monotonic(), []
    body = {"email": "nobody@eduhu.example", "password": "wrong"}
    minute_began = started
    async with client_session() as session:
        while len(passed) < 3 * STRICTER_LIMIT:
            url = f"{cluster.urls[len(passed) % len(cluster.urls)]}/api/auth/login"
            asked = time.monotonic()  # it may be answered, but never counted, a minute later
            async with session.post(url, json=body) as response:
                assert response.status in {401, 429}, response.status
                if response.status == 429:
                    minute_began = time.monotonic() + int(response.headers["Retry-After"]) - 60
                    break
            passed.append(asked)
    counted = [when for when in passed if when >= minute_began]
    return len(counted), time.monotonic() - started


async def postgres_faults(
    cluster: Cluster,
    *,
    seed: int,
    readers: int = 30,
    askers: int = 15,
    away: float = 10,
    tokens: int = 150,
    delay: float = 0.1,
    only: Sequence[str] = (),
) -> Outcome:
    """Restart PostgreSQL in good order and in bad, and let it be away."""
    outcome = Outcome()
    faults: dict[str, tuple[int, float]] = {
        "fast": (signal.SIGINT, 0),
        "immediate": (signal.SIGQUIT, 0),
        "away": (signal.SIGINT, away),
    }
    for name in only or faults:
        signum, lasting = faults[name]
        back: list[float] = []

        async def fault(
            cluster: Cluster, signum: int = signum, lasting: float = lasting, back: Any = back
        ) -> None:
            await _restart_postgres(cluster, signum, lasting)
            back.append(time.monotonic())

        count = tokens + int(lasting / delay)
        scene = Scene(cluster, seed, readers, askers, count, delay)
        part, probe, newcomers = await scene.play(fault, pause=max(0.1, lasting / askers))
        _judge_postgres(part, probe, newcomers, back[0])
        outcome.add(part, name)
    return outcome


def _judge_postgres(part: Outcome, probe: Probe, newcomers: list[Viewer], back: float) -> None:
    statuses = set(part.numbers["lists"])
    part.expect(statuses <= {200, 503}, f"lists answered {statuses}")
    refused = [refusal for viewer in newcomers for refusal in viewer.refusals]
    part.expect(
        all(each.status == 503 and each.retry_after for each in refused),
        f"refused with {Counter(map(str, refused))}",
    )
    waits = [took for _, took, status in probe.answers if status == 503]
    waits += [refusal.seconds for refusal in refused]
    part.numbers["seconds_until_503"] = spread(waits)
    slowest = max(waits, default=0)
    part.expect(slowest <= AT_ONCE_SECONDS, f"a 503 took {slowest:.1f} s")
    success = probe.first_success(back)
    part.numbers["seconds_until_first_success"] = round(success, 2)
    part.expect(success <= BACK_SECONDS, f"the first success came after {success:.1f} s")


async def _restart_postgres(cluster: Cluster, signum: int, away: float) -> None:
    process = cluster.postgres.process
    process.send_signal(signum)
    with suppress(*LOST):
        await asyncio.sleep(0.1)
    process.wait(10)
    await asyncio.sleep(away)
    cluster.postgres.start()
