"""`python -m benchmarks.faults`: every scenario with its full numbers, and a report."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.faults import alarm_site, alarms, crashes, outages, provider, report, resume
from benchmarks.faults.checks import Outcome
from tests.cluster import Cluster
from tests.processes import Stopped, stop_on_signals

LONGEST_SHOWN = 5


@dataclass(frozen=True)
class Scenario:
    """One thing to break, how often, and in which cluster. `counts` shrink with `--scale`."""

    play: Callable[..., Awaitable[Outcome]]
    counts: dict[str, int]
    runs: int = 1
    settings: dict[str, Any] = field(default_factory=dict)
    is_embedded: bool = False
    make: type[Cluster] = Cluster
    complains: bool = False  # because its faults are ours

    def cluster(self) -> Cluster:
        """Return a fresh cluster, not yet started."""
        return Cluster.embedded(**self.settings) if self.is_embedded else self.make(**self.settings)


SCENARIOS = {
    "resume": Scenario(resume.resume, {"streams": 200}),
    "rolling_restart": Scenario(resume.rolling_restart, {"streams": 100}),
    "worker_killed": Scenario(crashes.worker_killed, {"replies": 100}, runs=5),
    "web_killed": Scenario(crashes.web_killed, {"replies": 100}),
    "embedded_killed": Scenario(crashes.embedded_killed, {"replies": 50}, is_embedded=True),
    "redis": Scenario(outages.redis_faults, {"readers": 30, "askers": 20}),
    "postgres": Scenario(outages.postgres_faults, {"readers": 30, "askers": 20}),
    "stop": Scenario(provider.stop, {"replies": 100}),
    "provider": Scenario(provider.provider_faults, {"each": 10}, settings=provider.ENDS_SOON),
    "provider_embedded": Scenario(
        provider.provider_faults, {"each": 10}, settings=provider.ENDS_SOON, is_embedded=True
    ),
    "alarms": Scenario(alarms.alarms, {}, make=alarm_site.Watched, complains=True),
}


def main() -> int:
    """Run what was asked for; return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    parser.add_argument("--runs", type=int, help="of each scenario")
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of replies")
    options = parser.parse_args()
    done: list[dict[str, Any]] = []
    packages: dict[str, str] = {}
    for name in options.only or SCENARIOS:
        scenario = SCENARIOS[name]
        with scenario.cluster() as cluster:
            packages |= report.versions(cluster)
            for run in range(options.runs or scenario.runs):
                done.append(_run(name, scenario, cluster, options.seed + run, options.scale))
    print(f"Report: {report.write(done, packages)}")
    return int(any(run["failures"] for run in done))


def _run(
    name: str, scenario: Scenario, cluster: Cluster, seed: int, scale: float
) -> dict[str, Any]:
    counts = {key: max(1, round(count * scale)) for key, count in scenario.counts.items()}
    print(f"{name}, seed {seed}, {counts} …", flush=True)
    made, started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), time.monotonic()
    load = round(os.getloadavg()[0], 2)
    outcome = asyncio.run(scenario.play(cluster, seed=seed, **counts))
    complaints = [] if scenario.complains else cluster.complaints()
    outcome.failures += [f"log: {line[:300]}" for line in complaints[:LONGEST_SHOWN]]
    seconds = round(time.monotonic() - started, 1)
    print(f"  {'FAILED' if outcome.failures else 'kept'} after {seconds} s: {outcome.numbers}")
    for failure in outcome.failures[:LONGEST_SHOWN]:
        print(f"  - {failure}")
    return {
        "scenario": name,
        "seed": seed,
        "made": made,
        "load_average_before": load,
        "counts": counts,
        "seconds": seconds,
        "numbers": outcome.numbers,
        "failures": outcome.failures[:50],
    }


if __name__ == "__main__":
    stop_on_signals()
    try:
        sys.exit(main())
    except Stopped as stopped:  # everything that was started has ended by now
        sys.exit(stopped.exit_code)
