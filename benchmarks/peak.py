"""A school's busiest hour: `python -m benchmarks.peak`, report in `results/peak.json`.

eduhu runs with PostgreSQL and Redis of its own and load data; Locust brings the teachers
(`locustfile.py`): the peak, four times as many, then twenty times as many, which is five
times what was to be expected at worst. Then it counts the seconds until all is as before.
Nothing but this machine is asked; every phase ends after `--seconds`.

A full run: `--seconds 60 --teachers 10000 --chats 200000 --messages 2000000`; a soak:
`--seconds 1800 --phases peak`.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eduhu.settings")

from benchmarks.callers import ask_all, get
from benchmarks.measure import Numbers, between, machine, report
from benchmarks.processes import Others, family_cpu_seconds, family_rss_mb
from tests.cluster import Cluster
from tests.processes import ROOT

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
TIMES = {"peak": 1, "four times": 4, "overload": 20}  # as many callers
P95, P99, ERRORS = 200, 500, 0.001  # milliseconds, milliseconds, a part
OVERLOAD_P95, RECOVERY_SECONDS = 500, 10
PATIENCE = 60  # seconds
TOKEN_COUNT = 2_000


def seed(cluster: Cluster, sizes: dict[str, int]) -> Path:
    """Add the load data; return the file with the tokens."""
    tokens = Path(cluster.folder) / "load-tokens.json"
    arguments = [f"--{name}={size}" for name, size in sizes.items()]
    command = [sys.executable, "manage.py", "seed_load", *arguments, f"--tokens={tokens}"]
    command += [f"--token-count={TOKEN_COUNT}", "--without-search"]
    environment = cluster.webs[0].environment
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return tokens


def run_phase(cluster: Cluster, tokens: Path, users: int, seconds: int) -> Numbers:
    """Let so many teachers work for so long; return what Locust has seen."""
    own = [program.pid for program in cluster.programs]
    noise, cpu, rss = Others(), family_cpu_seconds(own), family_rss_mb(own)
    result = Path(cluster.folder) / "locust"
    command = [
        sys.executable, "-m", "locust", "-f", LOCUSTFILE, "--headless", "--users", users,
        "--spawn-rate", max(1, users // 5), "--run-time", f"{seconds}s", "--stop-timeout", "20s",
        "--host", cluster.urls[0], "--json-file", result, "--only-summary", "--skip-log-setup",
        "--exit-code-on-error", 0, "--reset-stats",
    ]  # fmt: skip
    environment = {**os.environ, "EDUHU_TOKENS": str(tokens)}
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, env=environment, timeout=seconds + 120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    used = family_cpu_seconds(own) - cpu
    entries = json.loads(result.with_suffix(".json").read_text())
    return {
        "callers": users,
        **summary(entries, seconds),
        "server_cpu_seconds": round(used, 1),
        "rss_mb": {"before": rss, "after": family_rss_mb(own)},
        "cores_used_by_others_and_locust": noise.cores(used),
    }


def summary(entries: list[dict[str, Any]], seconds: int) -> Numbers:
    """Return Locust's figures; accepted are all requests but refused ones and AI answers."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        by_name.setdefault(entry["name"], []).append(entry)
    total = sum(entry["num_requests"] for entry in entries)
    failed = sum(entry["num_failures"] for entry in entries)
    routes = {
        name: {
            "requests": sum(entry["num_requests"] for entry in same),
            **percentiles([entry["response_times"] for entry in same]),
        }
        for name, same in sorted(by_name.items())
    }
    refused = [name for name in routes if name.startswith("refused")]
    accepted = [
        entry["response_times"]
        for entry in entries
        if entry["name"] not in refused and "(AI)" not in entry["name"]
    ]
    return {
        "requests": total,
        "per_second": round(total / seconds, 1),
        "refused": sum(routes[name]["requests"] for name in refused),
        "failed": failed,
        "failed_part": round(failed / max(total, 1), 5),
        "accepted_ms": percentiles(accepted),
        "routes": routes,
    }


def percentiles(histograms: list[dict[str, int]]) -> dict[str, float]:
    """Return p50, p95 and p99 of histograms: how often each number of milliseconds was seen."""
    merged: dict[float, int] = {}
    for histogram in histograms:
        for value, count in histogram.items():
            merged[float(value)] = merged.get(float(value), 0) + count
    found: dict[str, float] = {}
    for name, part in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        left = part * sum(merged.values())
        for value in sorted(merged):
            left -= merged[value]
            if left <= 0:
                found[name] = value
                break
    return found


def recovery(cluster: Cluster, token: str) -> float:
    """Return after how many seconds twenty requests in a row are answered as in the peak."""
    begun = time.monotonic()
    request = get("/api/chats", token)
    while time.monotonic() - begun < PATIENCE:
        answers = asyncio.run(ask_all(cluster.urls[:1], [request] * 20, 1))
        seconds = time.monotonic() - begun
        if all(answer.status == 200 and answer.ms < P95 for answer in answers):
            return round(seconds, 1)
        time.sleep(0.2)
    return float(PATIENCE)


def missed_bars(phases: Numbers, seconds: float | None) -> list[str]:
    """Return what is worse than its bar."""
    missed = []
    for name, found in phases.items():
        p95, p99 = found["accepted_ms"].get("p95", 0), found["accepted_ms"].get("p99", 0)
        if found["failed_part"] >= ERRORS:
            missed.append(f"{name}: {found['failed_part']:.2%} failed")
        if name == "overload" and p95 >= OVERLOAD_P95:
            missed.append(f"overload: p95 of the accepted {p95} ms")
        if name == "peak" and (p95 >= P95 or p99 >= P99):
            missed.append(f"peak: p95 {p95} ms, p99 {p99} ms")
    if seconds is not None and seconds >= RECOVERY_SECONDS:
        missed.append(f"recovery took {seconds} s")
    return missed


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=between(5, 3600), default=15, help="of each phase")
    parser.add_argument("--callers", type=between(1, 500), default=60, help="of the peak")
    parser.add_argument("--phases", nargs="+", choices=TIMES, default=list(TIMES))
    parser.add_argument("--webs", type=between(1, 8), default=1)
    for name, size in (("teachers", 300), ("chats", 6_000), ("messages", 60_000)):
        parser.add_argument(f"--{name}", type=between(1, 10**8), default=size)
    options = parser.parse_args()
    facts = machine()
    sizes = {name: getattr(options, name) for name in ("teachers", "chats", "messages")}
    production = {"AI_BASE_URL": "", "AI_MODEL": "template", "CHAT_RATE": "30/m"}
    production |= {"MAX_WAITING_REQUESTS": "40", "MAX_LIVE_REPLIES": "5"}
    with Cluster(webs=options.webs, workers=1, teachers=1, **production) as cluster:
        tokens = seed(cluster, sizes)
        run_phase(cluster, tokens, options.callers, 5)  # imports, plans, connections
        phases: Numbers = {}
        seconds = None
        for name in options.phases:
            users = options.callers * TIMES[name]
            phases[name] = run_phase(cluster, tokens, users, options.seconds)
            if name == "overload":
                seconds = recovery(cluster, json.loads(tokens.read_text())[0])
    head = {"machine": facts, "load_data": sizes, "seconds": options.seconds}
    head["missed_bars"] = missed_bars(phases, seconds)
    report("peak", {**head, "recovery_seconds": seconds, "phases": phases})


if __name__ == "__main__":
    main()
