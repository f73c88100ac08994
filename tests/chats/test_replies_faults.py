"""Real processes, broken on purpose: no reply is lost, doubled or stuck.

The scenarios are those of `python -m benchmarks.faults`, with small numbers and short leases.
"""

import pytest

from benchmarks.faults import crashes, outages, provider, resume
from tests.cluster import Cluster

SOON = {
    "REPLY_LEASE_SECONDS": "1.5",
    "REPLY_HEARTBEAT_SECONDS": "0.3",
    "REPLY_SWEEP_SECONDS": "0.3",
    "AI_FIRST_BYTE_TIMEOUT": "1.7",
    "AI_IDLE_TIMEOUT": "1.7",
    "REPLY_MAX_CHARACTERS": "4000",
}
# It ends only by the total deadline, which is long for the sake of the other scenarios.
QUICK_FAULTS = [fault for fault in provider.FAULTS if fault != "comments_only"]
FAST = {"delay": 0.04}


@pytest.fixture(scope="module")
def cluster():
    """Two web processes and two reply workers, with a PostgreSQL and a Redis of their own."""
    with Cluster(**SOON) as running:
        yield running


@pytest.fixture(scope="module")
def embedded():
    """One process that does everything."""
    with Cluster.embedded(**SOON) as running:
        yield running


def kept(cluster, outcome):
    """Every promise was kept, and no log tells of an error."""
    assert outcome.failures == [], outcome.numbers
    assert cluster.complaints() == []


@pytest.mark.services
@pytest.mark.claim(6)
@pytest.mark.claim(78)
async def test_streams_cut_at_random_bytes_are_resumed_elsewhere_to_the_character(cluster):
    calm = {"tokens": 60, "delay": 0.12, "patience": 10}  # how fast it is, the benchmark tells
    kept(cluster, await resume.resume(cluster, seed=1, streams=10, **calm))


@pytest.mark.services
@pytest.mark.claim(97)
async def test_a_rolling_restart_of_the_web_loses_nothing(cluster):
    kept(cluster, await resume.rolling_restart(cluster, seed=2, streams=8, tokens=100, **FAST))


@pytest.mark.services
async def test_replies_of_a_killed_worker_are_interrupted_and_can_go_on(cluster):
    kept(cluster, await crashes.worker_killed(cluster, seed=3, replies=8, tokens=90, **FAST))


@pytest.mark.services
@pytest.mark.claim(97)
async def test_replies_do_not_notice_that_a_web_process_was_killed(cluster):
    kept(cluster, await crashes.web_killed(cluster, seed=4, replies=8, tokens=60, **FAST))


async def test_replies_of_a_killed_process_are_interrupted_and_can_go_on(embedded):
    kept(embedded, await crashes.embedded_killed(embedded, seed=5, replies=6, tokens=90, **FAST))


@pytest.mark.services
@pytest.mark.claim(80)
async def test_redis_may_forget_die_and_stay_away(cluster):
    numbers = {"readers": 4, "askers": 4, "tokens": 20, "away": 2}
    faults = ["restarted", "restarted_empty", "away"]
    kept(cluster, await outages.redis_faults(cluster, seed=6, only=faults, **numbers, **FAST))


@pytest.mark.services
@pytest.mark.claim(80)
async def test_postgresql_may_restart_and_stay_away_for_longer_than_a_lease(cluster):
    numbers = {"readers": 4, "askers": 4, "tokens": 25, "away": 2.5}
    faults = ["immediate", "away"]
    kept(cluster, await outages.postgres_faults(cluster, seed=7, only=faults, **numbers, **FAST))


@pytest.mark.services
@pytest.mark.claim(78)
async def test_a_stop_from_another_device_and_server_closes_the_provider(cluster):
    kept(cluster, await provider.stop(cluster, seed=8, replies=5))


@pytest.mark.services
@pytest.mark.claim(80)
async def test_faults_of_the_provider_leave_nothing_behind_in_the_worker(cluster):
    outcome = await provider.provider_faults(cluster, seed=9, each=1, faults=QUICK_FAULTS)
    kept(cluster, outcome)


async def test_faults_of_the_provider_leave_nothing_behind_in_one_process(embedded):
    outcome = await provider.provider_faults(embedded, seed=10, each=1, faults=QUICK_FAULTS)
    kept(embedded, outcome)
