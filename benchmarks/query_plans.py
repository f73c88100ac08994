"""Whether every hot query finds its rows by an index: `python -m benchmarks.query_plans`.

What `tests/eduhu/test_query_plans.py` asks with 200,000 messages, asked with 2,000,000
(`--quick`: 200,000), and how long each takes, with everything around it. Fails if a statement
walks a big table. Figures go to `benchmarks/results/query_plans.json`.
"""

import argparse
import os
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from benchmarks.measure import Numbers, machine, report, spread
from tests.cluster import Cluster
from tests.prepared import manage
from tests.processes import ROOT

ROUNDS = 5


def main() -> int:
    """Look at all plans and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    part = 10 if parser.parse_args().quick else 1
    sizes = {"teachers": 10_000 // part, "chats": 200_000 // part, "messages": 2_000_000 // part}
    with Cluster(webs=0, workers=1, teachers=1, LOG_LEVEL="ERROR") as cluster:
        environment = cluster.workers[0].environment
        os.environ |= {**environment, "DATABASE_STATEMENT_TIMEOUT_MS": "0"}
        options = [f"--{name}={number}" for name, number in sizes.items()]
        manage(os.environ, "seed_load", *options, "--without-search")
        queries = look(sizes["teachers"])
    walks = {name: each["walks"] for name, each in queries.items() if each["walks"]}
    report("query_plans", {"machine": machine(), "rows": sizes, "queries": queries})
    for name, found in walks.items():
        print(f"{name}: {found}", file=sys.stderr)
    return 1 if walks else 0


def look(teachers: int) -> Numbers:
    """Return for each hot query its number of statements, its time, and what it walks."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.db import connection, transaction

    from tests.eduhu import test_query_plans as plans

    with transaction.atomic():
        with connection.cursor() as cursor:  # rows are made here between two statements
            cursor.execute("SET idle_in_transaction_session_timeout = 0")
        plans.fill_the_other_tables()
        rows = plans.rows_of_somebody(busiest=_busiest())
        found = {name: _look(plans, rows, run) for name, run in plans.HOT.items()}
        transaction.set_rollback(True)
    connection.close()
    return found


def _busiest() -> str:
    from django.db.models import Count

    from teachers.models import Teacher

    return Teacher.objects.annotate(chats_=Count("chats")).latest("chats_").email


def _look(plans: Any, rows: Any, run: Callable[[Any], Any]) -> Numbers:
    from django.db import transaction

    with transaction.atomic():  # before the times: what is known already asks nothing
        statements, whole = plans.planned(lambda: run(rows))
        transaction.set_rollback(True)
    times = []
    for _ in range(ROUNDS):
        with transaction.atomic():
            begun = perf_counter()
            run(rows)
            times.append(1000 * (perf_counter() - begun))
            transaction.set_rollback(True)
    walks = [f"{name}: {', '.join(steps)}" for name, _sql, steps in whole]
    return {"statements": len(statements), "ms": spread(times, 2), "walks": walks}


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
