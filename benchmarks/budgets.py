"""What a request may cost: `python -m benchmarks.budgets`, or `dev.py check --budgets`.

Runs the whole ASGI application in this process, on SQLite with rows of its own, and
holds what it finds against `budgets.toml`. All figures are counts and ratios, so that a busy
or a slow machine does not change them:

- `statements`: SQL statements of a request
- `bytes`: the length of the body
- `calls`: calls of Python and C functions, in all threads
- `cpu_over_bare`: CPU time over that of the same SQL and JSON without eduhu, measured by
  turns; the cheapest of many counts, as anything dearer is the machine's doing
"""

import argparse
import asyncio
import cProfile
import os
import pstats
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import between

FILE = Path(__file__).with_name("budgets.toml")
FIGURES = ("statements", "bytes", "calls", "cpu_over_bare")
COUNTED, REQUESTS = 5, 8  # requests that are counted, and those of a round
PROFILED = 100
Found = dict[str, dict[str, float]]  # figures by scenario


def over_budget(found: Found, budgets: Found) -> list[str]:
    """Return a line for each figure that is over its budget, or has none."""
    lines = [f"{name}: there is no such request" for name in budgets.keys() - found.keys()]
    for name, figures in found.items():
        for figure, value in figures.items():
            budget = budgets.get(name, {}).get(figure)
            if budget is None:
                lines.append(f"{name}: {figure} {value} has no budget")
            elif value > budget:
                lines.append(f"{name}: {figure} {value} is over its budget of {budget}")
    return lines


@dataclass(frozen=True)
class Scenario:
    """A request, and what is forgotten before it."""

    request: "Callable[[], Any]"
    is_cold: bool = False


class Calls:
    """Counts the calls of all threads that are begun while it counts."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, _frame: Any, event: str, _argument: Any) -> None:
        """Note one event (a profile function)."""
        if event in ("call", "c_call"):
            self.number += 1

    def start(self) -> None:
        """Count this thread and those that begin from now on."""
        threading.setprofile(self)
        sys.setprofile(self)

    @staticmethod
    def stop() -> None:
        """Stop in this thread, and begin no more."""
        sys.setprofile(None)
        threading.setprofile(None)


async def measure(rounds: int) -> Found:
    """Return the figures of all scenarios."""
    from benchmarks import budget_requests as requests
    from eduhu.asgi import django_application

    scenarios, bare = requests.scenarios(), requests.bare()
    found: Found = {}
    calls = Calls()
    calls.start()
    for name, scenario in scenarios.items():
        found[name] = await _counts(scenario, calls)
    calls.stop()
    # The thread of the requests was begun while calls were counted.
    await django_application.threads.run(calls.stop)
    best = dict.fromkeys(scenarios, float("inf"))
    least = float("inf")
    for _ in range(rounds):
        least = min(least, await _cpu(Scenario(bare)))
        for name, scenario in scenarios.items():
            best[name] = min(best[name], await _cpu(scenario))
    for name in scenarios:
        found[name]["cpu_over_bare"] = round(best[name] / least, 2)
    return found


async def _counts(scenario: Scenario, calls: Calls) -> dict[str, float]:
    from benchmarks import budget_requests as requests

    for _ in range(2):  # what is done once: imports, compiled patterns, empty preferences
        requests.forget()
        await scenario.request()
    if not scenario.is_cold:
        await scenario.request()
    numbers, statements, length = [], 0, 0
    for _ in range(COUNTED):
        if scenario.is_cold:
            requests.forget()
        before, said = calls.number, requests.statements()
        length = len(await scenario.request())
        numbers.append(calls.number - before)
        statements = max(statements, requests.statements() - said)
    return {"statements": statements, "bytes": length, "calls": min(numbers)}


async def _cpu(scenario: Scenario) -> float:
    """Return the CPU seconds of the cheapest of some requests, in all threads."""
    from benchmarks import budget_requests as requests

    least = float("inf")
    for _ in range(REQUESTS):
        if scenario.is_cold:
            requests.forget()
        begun = time.process_time()
        await scenario.request()
        least = min(least, time.process_time() - begun)
    return least


async def profile(name: str) -> None:
    """Print where a request spends its time, in the thread of Django."""
    from benchmarks import budget_requests as requests
    from eduhu.asgi import django_application

    scenario, profiler = requests.scenarios()[name], cProfile.Profile()
    run = django_application.threads.run
    django_application.threads.run = lambda call: run(partial(profiler.runcall, call))
    for number in range(PROFILED + 1):
        if number == 1:  # the first does what is done once
            profiler.clear()
        if scenario.is_cold:
            requests.forget()
        await scenario.request()
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(60)


def main() -> int:
    """Measure, print a table, and return 1 if anything is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=between(1, 1000), default=20)
    parser.add_argument("--profile", metavar="REQUEST", help="profile one of them instead")
    options = parser.parse_args()
    budgets = tomllib.loads(FILE.read_text())
    with tempfile.TemporaryDirectory(prefix="eduhu-budgets-") as folder:
        os.environ |= {"EDUHU_ENV_FILE": "", "EDUHU_DATA_DIR": folder, "LOG_LEVEL": "WARNING"}
        os.environ |= {"DATABASE_URL": "", "REDIS_URL": "", "CACHE_TIERS": "on"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eduhu.settings")
        import django

        django.setup()
        from benchmarks import budget_requests

        budget_requests.make_rows()
        if options.profile:
            asyncio.run(profile(options.profile))
            return 0
        found = asyncio.run(measure(options.rounds))
    for name, figures in found.items():
        shown = (f"{figures[f]:>8} of {budgets.get(name, {}).get(f, '?'):<8}" for f in FIGURES)
        print(f"{name:32}", *(f"{f} {text}" for f, text in zip(FIGURES, shown, strict=True)))
    lines = over_budget(found, budgets)
    print("\n".join(lines) or "all within their budgets")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
