"""Whether the schema can change while all serve: `python -m benchmarks.migrations [--quick]`.

On a school year of rows, with teachers at work, the next version's migrations
(`benchmarks/rehearsal`) run forward and back, one of them against a transaction that holds
its table; then the newest of ours. The serving processes know nothing of them. Nobody may
hear 5xx, and every row must be what it was. Figures go to `benchmarks/results/migrations.json`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import psycopg

from benchmarks.measure import Numbers, machine, report
from benchmarks.traffic import Traffic
from tests.cluster import Cluster
from tests.prepared import manage
from tests.processes import ROOT

NEXT = ("9001_columns", "9002_index", "9003_backfill", "9004_rule")
OURS = ("cache", "0001_cache_tables")  # where the newest of ours begins
ATTEMPTS = 20
BETWEEN = 0.5  # seconds from one attempt to the next
BETWEEN_REQUESTS = 20  # how much traffic each state of the schema sees
OWNED = ("chats", "artifacts", "teacher_preferences")


def main() -> None:
    """Play it and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the rows")
    part = 100 if parser.parse_args().quick else 1
    with Cluster(webs=2, workers=1, teachers=20, LOG_LEVEL="ERROR") as cluster:
        sizes = {"teachers": 10_000 // part, "chats": 200_000 // part}
        sizes["messages"] = 10 * sizes["chats"]
        tokens = seed(cluster, sizes)
        numbers = rehearse(cluster, tokens[:8])
        report("migrations", {"machine": machine(), "rows": sizes, **numbers})


def seed(cluster: Cluster, sizes: Mapping[str, int]) -> list[str]:
    """Fill the database; return tokens of those who have something to read."""
    file = Path(cluster.folder) / "tokens.json"
    options = [f"--{name}={number}" for name, number in sizes.items()]
    environment = {**cluster.webs[0].environment, "DATABASE_STATEMENT_TIMEOUT_MS": "0"}
    options += ["--token-count=50", f"--tokens={file}", "--without-search"]
    manage(environment, "seed_load", *options)
    tokens: list[str] = json.loads(file.read_text())
    return tokens[1:]  # the first one has a fiftieth of everything


def rehearse(cluster: Cluster, tokens: list[str], steps: Sequence[str] = NEXT) -> Numbers:
    """Change the schema and change it back while `tokens` work; return what happened."""
    database = cluster.postgres.url
    columns, workers = _columns(database), _owners(cluster, tokens)
    before = checksums(database, columns, workers)
    did: dict[str, Numbers] = {}
    with Traffic(cluster.urls, tokens) as traffic:

        def step(what: str, app: str, name: str, run: Callable[..., Numbers] = migrate) -> None:
            traffic.go_on(BETWEEN_REQUESTS)
            did[what] = run(cluster, app, name)
            traffic.go_on(BETWEEN_REQUESTS)

        for name in steps:
            step(f"to {name}", "chats", name, _blocked if name == steps[0] else migrate)
        is_equal = checksums(database, columns, workers) == before
        step("back", "chats", _newest("chats"))
        step("ours back", *OURS)
        step("ours forward", OURS[0], _newest("eduhu/cache"))
    return {
        "steps": did,
        "equal_after_forward": is_equal,
        "equal_after_all": checksums(database, columns, workers) == before,
        "as_before": _columns(database) == columns,
        "lost": len(_lost(cluster, traffic.created)),
        "traffic": traffic.numbers(),
    }


def migrate(
    cluster: Cluster, app: str, name: str, after_failure: Callable[[], None] = lambda: None
) -> Numbers:
    """Run a migration as operators do: again, when it did not get its lock in two seconds."""
    environment = {
        **cluster.webs[0].environment,
        "DJANGO_SETTINGS_MODULE": "benchmarks.rehearsal.settings",
        "DATABASE_STATEMENT_TIMEOUT_MS": "0",  # an index takes its time; a lock still does not
    }
    command = [sys.executable, "manage.py", "migrate", app, name, "-v0"]
    begun = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return {"attempts": attempt, "seconds": round(time.monotonic() - begun, 1)}
        if "lock timeout" not in done.stderr:
            break
        after_failure()
        time.sleep(BETWEEN)
    raise RuntimeError(done.stderr[-3000:])


def _blocked(cluster: Cluster, app: str, name: str) -> Numbers:
    """Migrate while a transaction reads the table, until that was in the way once."""
    with psycopg.connect(cluster.postgres.url) as reader:
        reader.execute("LOCK TABLE messages IN ACCESS SHARE MODE")
        return migrate(cluster, app, name, after_failure=reader.rollback)


def _newest(app: str) -> str:
    files = (ROOT / app / "migrations").glob("0*.py")
    return max(file.stem for file in files)


def _columns(database: str) -> dict[str, list[str]]:
    with psycopg.connect(database) as link:
        rows = link.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = ANY(%s) ORDER BY 1, ordinal_position",
            [[*OWNED, "messages"]],
        ).fetchall()
    found: dict[str, list[str]] = {}
    for table, column in rows:
        found.setdefault(table, []).append(column)
    return found


def checksums(
    database: str, columns: Mapping[str, list[str]], without: Collection[str]
) -> dict[str, Any]:
    """Return number and hash of the rows of each table, without those of some teachers."""
    with psycopg.connect(database) as link:
        return {
            table: link.execute(_checksum(table, names), [list(without)]).fetchone()
            for table, names in columns.items()
        }


def _checksum(table: str, columns: list[str]) -> Any:
    row = ", ".join(f't."{column}"' for column in columns)
    owner = "JOIN chats o ON o.id = t.chat_id" if table == "messages" else ""
    of = "o" if owner else "t"
    return (
        f"SELECT count(*), sum(hashtextextended(ROW({row})::text, 0)::numeric)"
        f" FROM {table} t {owner} WHERE {of}.teacher_id <> ALL(%s::uuid[])"
    )


def _owners(cluster: Cluster, tokens: list[str]) -> list[str]:
    return [
        httpx.get(
            f"{cluster.urls[0]}/api/auth/me", headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        ).json()["id"]
        for token in tokens
    ]  # fmt: skip


def _lost(cluster: Cluster, created: list[str]) -> set[str]:
    with psycopg.connect(cluster.postgres.url) as link:
        there = link.execute("SELECT id::text FROM chats WHERE id = ANY(%s::uuid[])", [created])
        return set(created) - {row[0] for row in there.fetchall()}


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
