"""Twelve faults in a running eduhu raise their twelve alerts, and no other one.

All are injected at once, and repaired at once.
"""

import asyncio
import time
from typing import Any

from benchmarks.faults.alarm_site import Site, Watched
from benchmarks.faults.checks import Outcome
from benchmarks.faults.viewer import client_session
from tests.cluster import Cluster
from tests.fakes.ai_script import Script

TOLD_SECONDS = 60.0  # after a threshold is crossed
CROSSED_AFTER = {"celery": 60.0, "mirror-lag": 60.0}  # seconds until it is a fault
OVER_SECONDS = 180.0
RULES = {
    "slow-query", "api-errors", "memory", "connections", "breaker", "mirror-lag", "mirror-parked",
    "mirror-closed", "celery", "cache-hits", "first-token", "disk",
}  # fmt: skip


async def alarms(cluster: Watched, *, seed: int) -> Outcome:
    """Inject, wait for the alerts, repair, and wait for their ends; there is no chance in it."""
    outcome, sink = Outcome(), cluster.sink

    def heard(kind: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for body in (each.json for each in sink.received):
            if body["type"] == f"alert.{kind}":
                found.setdefault(body["rule"], []).append(body["subject"])
        return found

    async with client_session() as session:
        with Site(cluster, session) as site:
            await site.ask(Script())
            site.sql("DELETE FROM mirror_outbox")
            await asyncio.sleep(20)
            outcome.expect(not sink.received, f"told before anything was wrong: {heard('begun')}")
            begun_at = time.monotonic()
            await site.inject()
            injected_at, told = time.monotonic(), {}
            while time.monotonic() < injected_at + TOLD_SECONDS + max(CROSSED_AFTER.values()):
                for rule in heard("begun"):
                    told.setdefault(rule, round(time.monotonic() - injected_at, 1))
                if told.keys() >= RULES:
                    break
                await asyncio.sleep(0.2)
            for rule in RULES:
                limit = TOLD_SECONDS + CROSSED_AFTER.get(rule, 0)
                outcome.expect(told.get(rule, 1e9) <= limit, f"{rule}: {told.get(rule)} s")
            await site.repair()
            repaired_at = time.monotonic()
            while time.monotonic() < repaired_at + OVER_SECONDS and _open(cluster):
                site.sql("DELETE FROM mirror_outbox")  # as a mirror would
                await asyncio.sleep(1)
            over = round(time.monotonic() - repaired_at, 1)
            await asyncio.sleep(5)  # the last deliveries
    begun, ended = heard("begun"), heard("resolved")
    outcome.expect(begun.keys() == RULES, f"told: {sorted(begun.keys() ^ RULES)}")
    more = {rule: subjects for rule, subjects in begun.items() if len(subjects) != 1}
    outcome.expect(not more, f"more than one alert: {more}")
    outcome.expect(ended == begun, f"not taken back: {ended} of {begun}")
    outcome.numbers = {
        "injecting_seconds": round(injected_at - begun_at, 1),
        "told_seconds_after_the_last_fault": dict(sorted(told.items())),
        "alerts": sum(map(len, begun.values())),
        "resolved": sum(map(len, ended.values())),
        "all_over_seconds_after_repair": over,
    }
    return outcome


def _open(cluster: Cluster) -> list[dict[str, Any]]:
    return cluster.rows("SELECT rule FROM alerts WHERE resolved_at IS NULL")
