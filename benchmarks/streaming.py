"""What a stored, resumable stream costs beside a bare relay of the same upstream.

`python -m benchmarks.streaming [--quick] [--runs N] [--only NAME]`

The same scripted AI server answers through three servers, in turns, run after run:

- `relay`: Starlette on uvicorn, storing nothing (`benchmarks/relay.py`)
- `embedded`: one web process with SQLite, which writes the replies itself
- `services`: a web process and a reply worker with PostgreSQL and Redis

Medians of the runs are printed and written to `benchmarks/results/streaming.json`.
"""

import argparse
import asyncio
import gc
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks import first_frame
from benchmarks.load import Question, Stream, ask_all, script, summary
from benchmarks.measure import machine, medians, report
from benchmarks.processes import Others, family_cpu_seconds, family_rss_mb
from benchmarks.statements import statements_a_turn
from tests.cluster import Cluster, Web
from tests.processes import ROOT, tied_to_parent
from tests.services import free_port

DELAY = 0.02
TEACHERS = 300


@dataclass(frozen=True)
class Cell:
    """So many replies of so many tokens, begun `spread` seconds apart."""

    name: str
    replies: int
    tokens: int
    spread: float


CELLS = (
    Cell("100x100", 100, 100, 0.02),
    Cell("300x400", 300, 400, 0.02),
    Cell("100x100 burst", 100, 100, 0.003),
    Cell("fixed", 300, 1, 0.01),
    Cell("fixed, idle server", 100, 1, 0.05),
)
WARM_UP = Cell("warm-up", 100, 50, 0.005)
QUICK = (Cell("100x100", 20, 50, 0.02), Cell("fixed", 20, 1, 0.02))
STATEMENTS = 12  # a turn
BARS = {
    # figure: (embedded and services alike) at most
    ("100x100", "cpu_ratio"): 2.5,
    ("300x400", "cpu_ratio"): 1.5,
    ("100x100", "first_token_over_upstream_ms", "p50"): 25,
    ("100x100", "first_token_over_upstream_ms", "p95"): 100,
    ("100x100", "added_per_token_ms", "p95"): 80,
    ("300x400", "time_over_ideal", "p50"): 1.05,
    ("fixed", "cpu_ms_a_turn"): 6,
}


@dataclass
class Target:
    """A server under load; `own` are our processes, `aux` those of PostgreSQL and Redis."""

    name: str
    url: str
    tokens: list[str]
    upstream: int
    own: list[int]
    aux: list[int] = field(default_factory=list)
    cluster: Cluster | None = None

    def run(self, cell: Cell) -> dict[str, Any]:
        """Return the figures of one run of a cell."""
        questions = [
            Question(self.url, self.tokens[n % len(self.tokens)], cell.tokens, DELAY)
            for n in range(cell.replies)
        ]
        noise = Others()
        before = self._cpu_seconds()
        streams = _asked(questions, cell.spread)
        time.sleep(0.2)  # the last row may be written after the last byte
        used = [after - then for after, then in zip(self._cpu_seconds(), before, strict=True)]
        return {
            **summary(streams),
            **_cost(cell, *used[:2]),
            "rss_mb": family_rss_mb(self.own),
            "cores_used_by_others": noise.cores(sum(used)),
        }

    def _cpu_seconds(self) -> tuple[float, float, float]:
        """Of our processes, of PostgreSQL and Redis, and of the benchmark itself."""
        harness = family_cpu_seconds([self.upstream]) + time.process_time()
        return family_cpu_seconds(self.own), family_cpu_seconds(self.aux), harness


def _asked(questions: list[Question], spread: float) -> list[Stream]:
    gc.collect()
    gc.disable()  # a pause of the client would look like one of the server
    try:
        return asyncio.run(ask_all(questions, spread=spread))
    finally:
        gc.enable()


def _cost(cell: Cell, own: float, aux: float) -> dict[str, float]:
    thousands = cell.replies * cell.tokens / 1000
    return {
        "cpu_ms_per_1000_tokens": round((own + aux) * 1000 / thousands, 1),
        "of_it_postgresql_and_redis": round(aux * 1000 / thousands, 1),
        "cpu_ms_a_turn": round((own + aux) * 1000 / cell.replies, 2),
    }


@contextmanager
def upstream() -> Iterator[tuple[str, int]]:
    """Run the scripted AI server as a process; yield its address and process id."""
    port = free_port()
    with _process("-m", "tests.fakes.ai_server", "--port", str(port)) as process:
        yield f"http://127.0.0.1:{port}/v1", process.pid


@contextmanager
def _process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=tied_to_parent(signal.SIGKILL),
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def targets(stack: ExitStack, only: str | None) -> list[Target]:
    """Start what is measured, until `stack` ends; the relay always."""
    ai, pid = stack.enter_context(upstream())
    made = [_relay(stack, ai, pid)]
    models = {script(cell.tokens, DELAY) for cell in (*CELLS, *QUICK, WARM_UP)}
    settings = {"AI_BASE_URL": ai, "AI_MODELS": ",".join(models)}
    if only in (None, "embedded"):
        cluster = stack.enter_context(Cluster.embedded(teachers=TEACHERS, **settings))
        made.append(_eduhu("embedded", cluster, pid))
    if only in (None, "services"):
        cluster = stack.enter_context(Cluster(webs=1, workers=1, teachers=TEACHERS, **settings))
        made.append(_eduhu("services", cluster, pid))
    return made


def _relay(stack: ExitStack, ai: str, pid: int) -> Target:
    port = free_port()
    arguments = ("-m", "benchmarks.relay", "--port", str(port), "--upstream", ai)
    process = stack.enter_context(_process(*arguments))
    url = f"http://127.0.0.1:{port}"
    asyncio.run(_ready(url, process))
    return Target("relay", url, ["none"], pid, [process.pid])


async def _ready(url: str, process: subprocess.Popen[bytes]) -> None:
    web = Web({}, ROOT / "unused")
    web.url, web.process = url, process
    await web.ready()


def _eduhu(name: str, cluster: Cluster, pid: int) -> Target:
    tokens = [first for first, _second in cluster.tokens]
    servers = [each.process.pid for each in (cluster.postgres, cluster.redis) if each is not None]
    own = [program.pid for program in cluster.programs]
    return Target(name, cluster.urls[0], tokens, pid, own, servers, cluster)


def measure(made: list[Target], cells: tuple[Cell, ...], runs: int) -> dict[str, Any]:
    """Run all cells on all targets, in turns; return the medians with ratios to the relay."""
    for target in made:
        target.run(WARM_UP)
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for run in range(runs):
        for cell in cells:
            for target in made[run % len(made) :] + made[: run % len(made)]:
                figures = target.run(cell)
                found.setdefault(cell.name, {}).setdefault(target.name, []).append(figures)
                print(f"run {run + 1}  {cell.name:14} {target.name:9} {_line(figures)}", flush=True)
    return {cell: _compared(by_target) for cell, by_target in found.items()}


def _compared(by_target: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    compared = {}
    for name, runs in by_target.items():
        cost = [run["cpu_ms_per_1000_tokens"] for run in runs]
        compared[name] = {**medians(runs), "cpu_of_runs": cost}
    base = compared["relay"]["cpu_ms_per_1000_tokens"]
    for figures in compared.values():
        figures["cpu_ratio"] = round(figures["cpu_ms_per_1000_tokens"] / base, 2)
    return compared


def _line(figures: dict[str, Any]) -> str:
    first, added = figures["first_token_over_upstream_ms"], figures["added_per_token_ms"]
    return (
        f"cpu/1000 {figures['cpu_ms_per_1000_tokens']:6.1f} ms"
        f" ({figures['of_it_postgresql_and_redis']:.1f} aux)"
        f"  a turn {figures['cpu_ms_a_turn']:6.2f} ms"
        f"  first {first['p50']:.0f}/{first['p95']:.0f}/{first['p99']:.0f}"
        f"  added {added['p50']:.0f}/{added['p95']:.0f}/{added['p99']:.0f}"
        f"  time/ideal {figures['time_over_ideal']['p50']:.2f}"
        f"  {figures['tokens_per_second']} tokens/s  {figures['rss_mb']} MB"
        f"  others {figures['cores_used_by_others']:.1f} cores"
    )


def above_bars(cells: dict[str, Any]) -> list[str]:
    """Return what is above its bar."""
    missed = []
    for (cell, *path), bar in BARS.items():
        for name, figures in cells.get(cell, {}).items():
            value: Any = figures
            for key in path:
                value = value[key]
            if name != "relay" and value > bar:
                missed.append(f"{name} {cell} {' '.join(path)}: {value} > {bar}")
    return missed


def main() -> None:
    """Measure, print and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small cells, one run, no report")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=["embedded", "services"])
    parser.add_argument("--cells", nargs="+", help="names of cells")
    options = parser.parse_args()
    cells = QUICK if options.quick else CELLS
    cells = tuple(cell for cell in cells if not options.cells or cell.name in options.cells)
    facts = machine()
    first = first_frame.measure(20 if options.quick else 100)
    print(f"first text of the template assistant on a warm server: {first['first_text_ms']} ms")
    with ExitStack() as stack:
        made = targets(stack, options.only)
        found = measure(made, cells, 1 if options.quick else options.runs)
        statements = {each.name: statements_a_turn(each) for each in made if each.aux}
    for cell, by_target in found.items():
        for name, figures in by_target.items():
            print(f"median {cell:14} {name:9} ×{figures['cpu_ratio']:.2f}  {_line(figures)}")
    print(f"SQL statements a turn: {statements}")
    missed = above_bars(found)
    missed += [f"{n} statements" for n, each in statements.items() if each["mean"] > STATEMENTS]
    print("\n".join(f"above the bar: {each}" for each in missed) or "all bars are kept")
    if not (options.quick or options.only or options.cells):
        head = {"machine": facts, "runs": options.runs, "above_bars": missed}
        head["template_assistant"] = first
        report("streaming", {**head, "cells": found, "statements_a_turn": statements})


if __name__ == "__main__":
    main()
