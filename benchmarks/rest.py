"""What REST costs: `python -m benchmarks.rest`, report in `results/rest.json`.

eduhu runs as it does in a school, on PostgreSQL and Redis of its own, and beside it a bare
Starlette + psycopg + orjson server that runs the same SQL on the same rows
(`rest_bare.py`); both are asked the same, by turns. *Cold*: a token this process has not
seen and rows in no cache. *Shared*: the rows are in Redis. *Warm*: in process memory, too.
CPU is that of the server's processes; PostgreSQL's and Redis's stands apart (aux).

Before each round a quarter of a second may pass until all is forgotten. With
`--teachers 10000 --chats 200000 --messages 2000000` the database is that of a school
year, and `×10` compares a tenth of it with all of it.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eduhu.settings")

import orjson
from redis import Redis

from benchmarks.callers import Answer, ask_all, get, post
from benchmarks.load import percentiles
from benchmarks.measure import Numbers, between, machine, medians, report
from benchmarks.processes import Others, family_cpu_seconds
from benchmarks.rest_rows import PAGES, Rows, make_rows
from benchmarks.statements import statements_of
from tests.cluster import Cluster, Web
from tests.processes import ROOT, tied_to_parent
from tests.services import free_port

CROWD = 150  # teachers who ask once in a cold round
TEACHERS = 4 * CROWD
WARM = 400  # requests of a warm round
CALLERS = (1, 20)
FORGET_SECONDS = 0.4
BARS = {"cold_cpu_ms": (4.0, 6.0), "warm_cpu_ms": (2.5, 4.0)}  # goal, least
P95_OVER_BARE = 15.0
LAST_OVER_FIRST = 1.2
TENFOLD = 1.3


@dataclass
class Target:
    """A server under load: `own` are its processes, `aux` PostgreSQL and Redis."""

    urls: list[str]
    own: list[int]
    aux: list[int] = field(default_factory=list)

    def ask(self, requests: Sequence[bytes], callers: int) -> Numbers:
        """Ask everything; return the cost of a request and how long callers waited."""
        noise, own, aux = Others(), family_cpu_seconds(self.own), family_cpu_seconds(self.aux)
        begun, harness = time.perf_counter(), time.process_time()
        answers = asyncio.run(ask_all(self.urls, requests, callers))
        wall = time.perf_counter() - begun
        own = family_cpu_seconds(self.own) - own
        aux = family_cpu_seconds(self.aux) - aux
        refuse_failures(answers)
        used = own + aux + time.process_time() - harness
        return {
            "cpu_ms": round(own * 1000 / len(answers), 2),
            "aux_cpu_ms": round(aux * 1000 / len(answers), 2),
            "ms": percentiles(answer.ms for answer in answers),
            "bytes": max(len(answer.body) for answer in answers),
            "per_second": round(len(answers) / wall),
            "cores_used_by_others": noise.cores(used),
        }


def refuse_failures(answers: Sequence[Answer]) -> None:
    """Raise ValueError for any answer that is no success."""
    for answer in answers:
        if answer.status >= 300:
            raise ValueError(f"{answer.status}: {answer.body[:500]!r}")


@dataclass
class School:
    """A running eduhu with rows, the bare server beside it, and who may ask."""

    cluster: Cluster
    rows: Rows
    bare: Target
    one: Target
    _fresh: Iterator[tuple[int, int]] = field(init=False)

    def __post_init__(self) -> None:
        # Each pair of teacher and token is asked with once: then it is not known.
        self._fresh = ((n, t) for t in range(2) for n in range(1, TEACHERS))

    @property
    def token(self) -> str:
        """A token of the first teacher, who has the long chats."""
        return self.cluster.tokens[0][0]

    def crowd(self, path: Callable[[int], str], count: int = CROWD) -> list[bytes]:
        """Return a request of each of so many teachers, with tokens not used before."""
        who = [next(self._fresh) for _ in range(count)]
        return [get(path(n), self.cluster.tokens[n][t]) for n, t in who]

    def forget(self) -> None:
        """Empty the caches of all processes; tokens in memory are forgotten by themselves."""
        with Redis.from_url(self.cluster.redis.url) as redis:
            redis.flushdb()
            redis.publish("eduhu:cache", orjson.dumps(["benchmark", "everything"]))
        time.sleep(FORGET_SECONDS)

    def forget_memory(self) -> None:
        """Empty the memory of all processes; Redis keeps what it has."""
        with Redis.from_url(self.cluster.redis.url) as redis:
            redis.publish("eduhu:cache", orjson.dumps(["benchmark", "everything"]))
        time.sleep(FORGET_SECONDS)

    def commands(self) -> int:
        """Return how many commands Redis has served."""
        with Redis.from_url(self.cluster.redis.url) as redis:
            return int(redis.info("stats")["total_commands_processed"])


def reads(school: School) -> dict[str, Callable[[int], str]]:
    """Return the paths that are read, by name; the number is that of a teacher."""
    chats = school.rows.first_chats
    return {
        "list of 50 chats": lambda _n: "/api/chats?limit=50",
        "page of 50 messages": lambda n: f"/api/chats/{chats[n]}/messages?limit=50",
    }


def measure_read(school: School, path: Callable[[int], str]) -> Numbers:
    """Return what one read costs: cold, from Redis, and from memory; and the bare server."""
    found: Numbers = {}
    for callers in CALLERS:
        cold = school.crowd(path)
        again = [get(path(0), school.token)] * WARM
        school.forget()
        cells = {"cold": school.one.ask(cold, callers)}
        school.forget_memory()
        cells["shared"] = school.one.ask(cold, callers)
        school.one.ask(again[:callers], callers)
        cells["warm"] = school.one.ask(again, callers)
        cells["bare"] = school.bare.ask([*cold, *again[: WARM - CROWD]], callers)
        for name in ("cold", "shared", "warm"):
            cells[name]["p95_over_bare"] = ratio(cells[name], cells["bare"], "ms", "p95")
            cells[name]["cpu_over_bare"] = ratio(cells[name], cells["bare"], "cpu_ms")
        found[f"{callers} callers" if callers > 1 else "1 caller"] = cells
    return found


def ratio(one: Numbers, other: Numbers, *path: str) -> float:
    """Return a figure of one cell over that of another."""
    above: Any = one
    below: Any = other
    for key in path:
        above, below = above[key], below[key]
    return round(above / max(below, 0.01), 2)


def measure_calls(school: School, path: Callable[[int], str]) -> Numbers:
    """Return how many statements and Redis commands one read takes, cold and warm."""
    requests = school.crowd(path, 10)
    school.forget()
    calls: Numbers = {}
    for name in ("cold", "warm"):
        before = school.commands()
        said = statements_of(
            school.cluster.postgres, lambda: asyncio.run(ask_all(school.one.urls, requests, 1))
        )
        calls[name] = {
            "statements": round(said.total() / len(requests), 1),
            # Among them what the server's own loops ask in this second.
            "redis_commands": round((school.commands() - before) / len(requests), 1),
        }
        school.one.ask(requests, 1)  # what was forgotten while PostgreSQL changed its log
    return calls


def measure_others(school: School) -> Numbers:
    """Return the cost of reads that no cache answers, and of creating a chat."""
    opened, token = school.rows.opened, school.token
    new = [post("/api/chats", token, {"title": f"Neuer Chat {n}"}) for n in range(200)]
    artifacts = get("/api/artifacts?artifact_type=worksheet", token)
    archived = get("/api/chats?archived=true", token)
    messages = f"/api/chats/{opened}/messages"
    oldest = get(f"{messages}?limit=50&cursor={_cursor(school, messages, 950)}", token)
    cells = {
        "create a chat": school.one.ask(new, 1),
        "create a chat, 20 callers": school.one.ask(new, 20),
        "last page of 1,000 messages": school.one.ask([oldest] * 100, 1),
        "filter: archived chats": school.one.ask([archived] * 100, 1),
        "filter: worksheets": school.one.ask([artifacts] * 100, 1),
    }
    cells["bare: create a chat"] = school.bare.ask(new, 1)
    return cells


def _cursor(school: School, path: str, skipped: int) -> str:
    """Return the cursor to what comes after so many rows, found as a client finds it."""
    cursor = ""
    while skipped:
        limit = min(skipped, 200)
        asked = get(f"{path}?limit={limit}{cursor and '&cursor=' + cursor}", school.token)
        (answer,) = asyncio.run(ask_all(school.one.urls, [asked], 1))
        cursor = str(orjson.loads(answer.body)["next"]).rpartition("cursor=")[2]
        skipped -= limit
    return cursor


def measure_pages(school: School, page: int) -> Numbers:
    """Compare page 2, the first that no cache answers, with page 2,000; by turns."""
    token, messages = school.token, f"/api/chats/{school.rows.longest}/messages"
    second, last = (
        get(f"{messages}?limit={page}&cursor={_cursor(school, messages, skipped)}", token)
        for skipped in (page, (PAGES - 1) * page)
    )
    rounds = [(school.one.ask([second] * 60, 1), school.one.ask([last] * 60, 1)) for _ in range(5)]
    near, far = (medians(list(each)) for each in zip(*rounds, strict=True))
    return {
        "rows_a_page": page,
        "page_2": near,
        "page_2000": far,
        "p50_ratio": ratio(far, near, "ms", "p50"),
        "cpu_ratio": ratio(far, near, "cpu_ms"),
    }


def measure_processes(school: School) -> Numbers:
    """Compare one web process with two, by what 20 callers get from them. No bar."""
    path = get("/api/chats?limit=50", school.token)
    webs = school.cluster.webs
    two = Target([web.url for web in webs], [web.pid for web in webs], school.one.aux)
    two.ask([path] * 40, 20)
    return {"1": school.one.ask([path] * 800, 20), "2": two.ask([path] * 800, 20)}


@contextmanager
def bare_server(database: str) -> Iterator[Target]:
    """Run the bare server as a process."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.rest_bare", "--port", str(port), "--database", database],
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=tied_to_parent(signal.SIGKILL),
    )
    try:
        web = Web({}, ROOT / "unused")
        web.url, web.process = f"http://127.0.0.1:{port}", process
        asyncio.run(web.ready())
        yield Target([web.url], [process.pid])
    finally:
        process.terminate()
        process.wait(20)


def open_school(stack: ExitStack, page: int) -> School:
    """Start everything, until `stack` ends, with the rows that are read."""
    cluster = stack.enter_context(Cluster(webs=2, workers=1, teachers=TEACHERS))
    rows = make_rows(cluster.postgres.url, [f"t{n}@eduhu.example" for n in range(TEACHERS)], page)
    bare = stack.enter_context(bare_server(cluster.postgres.url))
    aux = [cluster.postgres.process.pid, cluster.redis.process.pid]
    return School(cluster, rows, bare, Target([cluster.urls[0]], [cluster.webs[0].pid], aux))


def seed(school: School, options: argparse.Namespace, part: float, number: int) -> None:
    """Add a part of the load data."""
    sizes = {name: int(getattr(options, name) * part) for name in ("teachers", "chats", "messages")}
    arguments = [f"--{name}={max(1, size)}" for name, size in sizes.items()]
    command = [sys.executable, "manage.py", "seed_load", *arguments, f"--seed={number}"]
    command.append("--without-search")
    environment = school.cluster.webs[0].environment
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


def measure_data(school: School) -> Numbers:
    """Return what the two reads cost while no cache helps, for comparing sizes of data."""
    school.forget()
    return {name: school.one.ask(school.crowd(path, 50), 1) for name, path in reads(school).items()}


def missed_bars(found: Numbers) -> list[str]:
    """Return what is worse than its bar; a least bar that is missed is marked."""
    missed = []
    for name, cells in found["reads"].items():
        for kind in ("cold", "warm"):
            goal, least = BARS[f"{kind}_cpu_ms"]
            cost = cells["1 caller"][kind]["cpu_ms"]
            if cost > goal:
                missed.append(f"{name}, {kind}: {cost} ms > {least if cost > least else goal}")
            many = cells["20 callers"][kind]["p95_over_bare"]
            if many > P95_OVER_BARE:
                missed.append(f"{name}, {kind}, p95 of 20 callers: {many} × bare")
    if found["pages"]["p50_ratio"] > LAST_OVER_FIRST:
        missed.append(f"page 2,000: {found['pages']['p50_ratio']} × page 2")
    for name, over in found.get("tenfold", {}).get("p50_ratio", {}).items():
        if over > TENFOLD:
            missed.append(f"{name}, ten times the data: {over}")
    return missed


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teachers", type=between(0, 10**6), default=0)
    parser.add_argument("--chats", type=between(0, 10**7), default=0)
    parser.add_argument("--messages", type=between(0, 10**8), default=0)
    parser.add_argument(
        "--page", type=between(1, 50), default=5, help="rows of each of 2,000 pages"
    )
    options = parser.parse_args()
    facts = machine()
    found: Numbers = {}
    with ExitStack() as stack:
        school = open_school(stack, options.page)
        if options.teachers:
            seed(school, options, 0.1, 1)
            school.one.ask(school.crowd(reads(school)["list of 50 chats"], 20), 1)
            less = measure_data(school)
            seed(school, options, 0.9, 2)
            more = measure_data(school)
            ratios = {name: ratio(more[name], less[name], "ms", "p50") for name in less}
            found["tenfold"] = {"a_tenth": less, "all": more, "p50_ratio": ratios}
        school.one.ask(school.crowd(reads(school)["list of 50 chats"], 50), 5)
        paths = reads(school)
        found["reads"] = {name: measure_read(school, path) for name, path in paths.items()}
        found["calls"] = {name: measure_calls(school, path) for name, path in paths.items()}
        found["others"] = measure_others(school)
        found["pages"] = measure_pages(school, options.page)
        found["web_processes"] = measure_processes(school)
    sizes = {name: getattr(options, name) for name in ("teachers", "chats", "messages")}
    head = {"machine": facts, "load_data": sizes, "missed_bars": missed_bars(found)}
    report("rest", {**head, **found})


if __name__ == "__main__":
    main()
