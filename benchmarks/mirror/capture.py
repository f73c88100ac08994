"""What the mirror costs those who write."""

import asyncio
import json
import time
from pathlib import Path
from statistics import median

import httpx

from benchmarks.measure import Numbers, cpu_seconds, spread
from benchmarks.mirror.world import World, world
from tests.cluster import Web

REQUESTS, WARM_UP = 1500, 100
MOST_OF_REQUEST, MOST_OF_BULK = 0.15, 0.30


def capture() -> Numbers:
    """Compare two web processes on one database: one with the mirror, one without."""
    with world() as here:
        requests = _requests(here)
        bulk = json.loads(here.run("shell", "-v0", "-c", TELL_BULK))
        for table in bulk.values():
            table["overhead"] = _overhead(table["with"]["p50"], table["without"]["p50"])
        of_bulk = max(table["overhead"] for table in bulk.values())
        of_request = max(requests["latency_overhead"], requests["cpu_overhead"])
        return {
            "post_chat": requests,
            "bulk_create_ms": bulk,
            "met": of_request <= MOST_OF_REQUEST and of_bulk <= MOST_OF_BULK,
        }


TELL_BULK = "from benchmarks.mirror import bulk; bulk.tell()"


def _requests(here: World) -> Numbers:
    mirrored = here.cluster.webs[0]
    without = {**mirrored.environment, "INSTANT_APP_ADMIN_TOKEN": ""}
    plain = Web(without, Path(here.cluster.folder) / "plain.log")
    plain.start()
    try:
        asyncio.run(plain.ready())
        return _compared(Side(here, plain), Side(here, mirrored))
    finally:
        plain.kill()


class Side:
    """One of the two servers and its only client."""

    def __init__(self, here: World, web: Web) -> None:
        self._web = web
        token = here.cluster.tokens[0][0]
        self._client = httpx.Client(
            base_url=web.url, headers={"authorization": f"Bearer {token}"}, timeout=30
        )
        for _number in range(WARM_UP):
            self.post()
        self.milliseconds: list[float] = []
        self._cpu_before = cpu_seconds(web.pid)

    def post(self) -> float:
        """Create a chat; return the milliseconds it took."""
        begun = time.perf_counter()
        self._client.post("/api/chats", json={"title": "Optik"}).raise_for_status()
        return (time.perf_counter() - begun) * 1000

    def numbers(self) -> Numbers:
        """Return what the requests in `milliseconds` cost."""
        cpu = cpu_seconds(self._web.pid) - self._cpu_before
        cpu_ms = round(1000 * cpu / len(self.milliseconds), 2)
        return {"latency_ms": spread(self.milliseconds, 2), "cpu_ms": cpu_ms}


def _compared(plain: Side, mirrored: Side) -> Numbers:
    for number in range(REQUESTS):
        # Turn about, so that neither always follows the other.
        for side in (plain, mirrored) if number % 2 else (mirrored, plain):
            side.milliseconds.append(side.post())
    without, with_it = plain.numbers(), mirrored.numbers()
    latency = _overhead(median(mirrored.milliseconds), median(plain.milliseconds))
    return {
        "requests": REQUESTS,
        "without": without,
        "with": with_it,
        "latency_overhead": latency,
        "cpu_overhead": _overhead(with_it["cpu_ms"], without["cpu_ms"]),
    }


def _overhead(with_it: float, without: float) -> float:
    return round(with_it / without - 1, 3)
