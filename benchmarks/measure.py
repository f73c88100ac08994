"""What every measurement needs: a process in numbers, the machine, and a report."""

import argparse
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
TICKS = os.sysconf("SC_CLK_TCK")
Numbers = dict[str, Any]


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process in MB (10^6 bytes)."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return round(int(kilobytes) * 1024 / 1e6, 1)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has used, user and system, all threads."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def spread(values: Iterable[float], digits: int = 1) -> Numbers:
    """Return median, 95th percentile and extremes of at least one value."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    named = {"p50": statistics.median(ordered), "p95": p95, "min": ordered[0], "max": ordered[-1]}
    return {name: round(value, digits) for name, value in named.items()}


def medians(rounds: list[Numbers]) -> Numbers:
    """Return the median of each number over several rounds, at any depth."""
    first = rounds[0]
    return {
        name: medians([each[name] for each in rounds])
        if isinstance(first[name], dict)
        else round(statistics.median(each[name] for each in rounds), 3)
        for name in first
    }


def machine() -> Numbers:
    """Say what the numbers belong to."""
    return {
        "cpus": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "revision": _revision(),
    }


def _revision() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def report(name: str, numbers: Numbers) -> None:
    """Print the numbers as JSON and keep them as `results/<name>.json`."""
    text = json.dumps(numbers, indent=2)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    print(text)


def between(low: int, high: int) -> Callable[[str], int]:
    """Return a type for argparse: a number that keeps the measurement bounded."""

    def number(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be {low} to {high}")
        return value

    return number
