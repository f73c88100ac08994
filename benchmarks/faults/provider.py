"""Stops from elsewhere, and everything an AI service can do wrong."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import aiohttp

from benchmarks.faults.checks import Outcome, check_all, questions, rows_of, spread, story
from benchmarks.faults.resume import begun, viewers_of
from benchmarks.faults.viewer import Viewer, client_session
from tests.cluster import Cluster, Program
from tests.fakes.ai_script import Script

CLOSED_SECONDS = 1.0
# Fault, the states in which it may end, the error codes it may have.
FAULTS: dict[str, tuple[str, set[str]]] = {
    "status_400": ("failed", {"provider_refused"}),
    "status_401": ("failed", {"provider_refused"}),
    "status_429": ("failed", {"provider_rate_limited"}),
    "status_500": ("failed", {"provider_unavailable"}),
    "status_503": ("failed", {"provider_unavailable"}),
    "not_json_html": ("failed", {"provider_unavailable"}),
    "redirect": ("failed", {"provider_refused"}),
    "hang_before_first_byte": ("failed", {"provider_timeout"}),
    "hang_after_headers": ("failed", {"provider_timeout"}),
    "hang_mid_stream": ("failed", {"provider_timeout"}),
    "comments_only": ("failed", {"provider_timeout"}),
    "one_byte_per_second": ("failed", {"provider_timeout"}),
    "cut_after_n_tokens": ("failed", {"provider_unavailable"}),
    "reset_after_n_tokens": ("failed", {"provider_unavailable"}),
    "bad_json": ("failed", {"provider_unavailable"}),
    "error_event": ("failed", {"provider_unavailable"}),
    "endless": ("complete", {""}),
    "length": ("complete", {""}),
    "no_done": ("complete", {""}),
    "hang_after_done": ("complete", {""}),
    "split_everywhere": ("complete", {""}),
}
# What makes a stream of these faults end: shorter than anybody would set it.
ENDS_SOON = {"AI_TOTAL_TIMEOUT": "8", "REPLY_MAX_CHARACTERS": "4000"}


async def stop(cluster: Cluster, *, seed: int, replies: int = 100, delay: float = 0.05) -> Outcome:
    """Stop replies from the second device at the other web process."""
    async with client_session() as session:
        viewers = viewers_of(cluster, session, seed, replies, tokens=2000, delay=delay)
        here, there = cluster.urls[0], cluster.urls[-1]
        watching = [asyncio.create_task(viewer.stay([here])) for viewer in viewers]
        await begun(viewers)
        rng = random.Random(seed)
        stopped = [await _stop(session, there, viewer, rng.uniform(0, 0.05)) for viewer in viewers]
        await asyncio.gather(*watching)
    outcome = check_all(cluster, viewers, {"cancelled"})
    left = [cluster.ai.asked(viewer.question)[0].left for viewer in viewers]
    waits = [(each or float("inf")) - at for each, at in zip(left, stopped, strict=True)]
    outcome.numbers["seconds_until_upstream_closed"] = spread(waits)
    outcome.expect(max(waits) <= CLOSED_SECONDS, f"upstream closed after {max(waits):.2f} s")
    ended = [viewer.ended_at - at for viewer, at in zip(viewers, stopped, strict=True)]
    outcome.numbers["seconds_until_ending_seen"] = spread(ended)
    return outcome


async def _stop(session: aiohttp.ClientSession, url: str, viewer: Viewer, pause: float) -> float:
    await asyncio.sleep(pause)
    at = time.monotonic()
    path = f"{url}/api/replies/{viewer.reply_id}/cancel"
    async with session.post(path, headers=viewer.headers(device=1)) as response:
        if response.status != 202:
            viewer.faults.append(f"cancel answered {response.status}")
    return at


async def provider_faults(
    cluster: Cluster, *, seed: int, each: int = 10, faults: Sequence[str] = tuple(FAULTS)
) -> Outcome:
    """Play every fault `each` times, all at once; one ending for each reply, nothing left over."""
    writers = cluster.workers or cluster.webs
    async with client_session() as session:
        await _play(cluster, session, seed, ["none"] * 20)  # opens what is opened only once
        before = await _settled(cluster, writers)
        played = [*faults] * each
        viewers = await _play(cluster, session, seed + 1, played)
        after = await _settled(cluster, writers)
    outcome = Outcome()
    codes = _check_endings(cluster, viewers, played, outcome)
    outcome.numbers = {"replies": len(viewers), "endings": codes, "before": before, "after": after}
    outcome.expect(after["being_answered"] == 0, f"{after['being_answered']} requests left")
    spare = after["open_files"] - before["open_files"]
    outcome.expect(spare <= SPARE_FILES, f"{spare} more open files than before")
    spare = after["threads"] - before["threads"]
    outcome.expect(spare <= SPARE_THREADS, f"{spare} more threads than before")
    return outcome


_SLOW_OR_SHORT = {"split_everywhere": (3, 0.001), "one_byte_per_second": (3, 1.0)}
SPARE_THREADS = 12  # of the pools that the warm-up may not have filled
SPARE_FILES = 12  # connections to the database, of which there may be ten, and to Redis


async def _play(
    cluster: Cluster, session: aiohttp.ClientSession, seed: int, faults: Sequence[str]
) -> list[Viewer]:
    rng = random.Random(seed)
    scripts = [_script(rng, fault) for fault in faults]
    asked = questions(cluster, scripts)
    people = cluster.tokens
    viewers = [Viewer(session, people[n % len(people)], each) for n, each in enumerate(asked)]
    await asyncio.gather(*(viewer.stay(cluster.urls) for viewer in viewers))
    return viewers


def _script(rng: random.Random, fault: str) -> Script:
    tokens, delay = _SLOW_OR_SHORT.get(fault, (30, 0.005))
    return replace(story(rng, tokens, delay), fault=fault)


async def _settled(cluster: Cluster, writers: Sequence[Program]) -> dict[str, int]:
    """Return what is open once everything that ends by itself has ended."""
    end = time.monotonic() + 5
    while cluster.ai.tasks and time.monotonic() < end:  # noqa: ASYNC110 (of another loop)
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    return {
        "being_answered": len(cluster.ai.tasks),
        "connections_to_service": cluster.ai.open_connections,
        "open_files": sum(writer.open_files() for writer in writers),
        "threads": sum(writer.threads() for writer in writers),
    }


def _check_endings(
    cluster: Cluster, viewers: list[Viewer], faults: list[str], outcome: Outcome
) -> dict[str, int]:
    seen: Counter[str] = Counter()
    for viewer, fault, row in zip(viewers, faults, rows_of(cluster, viewers), strict=True):
        state, codes = FAULTS[fault]
        outcome.failures += [f"{fault}: {failure}" for failure in viewer.faults]
        if row is None or viewer.ending is None:
            outcome.failures.append(f"{fault}: no row or no ending")
            continue
        seen[f"{fault} → {row['state']} {row['error_code']}".strip()] += 1
        outcome.expect(row["state"] == state, f"{fault}: {row['state']}")
        outcome.expect(row["error_code"] in codes, f"{fault}: {row['error_code']!r}")
        outcome.expect(viewer.ending.get("code", "") in codes, f"{fault}: {viewer.ending}")
        outcome.expect(viewer.text == row["text"] == (row["answer"] or ""), f"{fault}: other text")
        outcome.expect(row["asked"] == 1, f"{fault}: asked {row['asked']} times")
        outcome.expect(row["completion_tokens"] is not None, f"{fault}: no usage")
    return dict(sorted(seen.items()))
