"""What timing and capping every SQL statement costs: `python -m benchmarks.query_times`.

CPU time of the cheapest statement there is, on SQLite, with and without the wrappers
by turns; the fastest of many rounds counts, as anything slower is the machine's doing.
"""

import os
import tempfile
from time import thread_time

from benchmarks.measure import machine, report

ROUNDS, STATEMENTS = 300, 500


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"EDUHU_ENV_FILE": "", "EDUHU_DATA_DIR": folder, "DATABASE_URL": ""}
        os.environ["DJANGO_SETTINGS_MODULE"] = "eduhu.settings"
        import django

        django.setup()
        report("query_times", {"machine": machine(), **_measure()})


def _measure() -> dict[str, float]:
    from eduhu.named_queries import named_query, timed
    from eduhu.sqlite.slots import slots

    rounds = {
        "plain": (_statements, []),
        "timed": (_statements, [timed]),
        "timed_by_name": (named_query("benchmark")(_statements), [timed]),
        "timed_and_capped": (_statements, [slots.capped, timed]),
    }
    best = dict.fromkeys(rounds, float("inf"))
    for _ in range(ROUNDS):
        for name, (run, wrappers) in rounds.items():
            best[name] = min(best[name], run(wrappers))
    return {f"{name}_us": round(seconds * 1e6, 2) for name, seconds in best.items()}


def _statements(wrappers: list[object]) -> float:
    """Return the CPU seconds of one statement."""
    from django.db import connection

    connection.execute_wrappers[:] = wrappers
    with connection.cursor() as cursor:
        started = thread_time()
        for _ in range(STATEMENTS):
            cursor.execute("SELECT 1")
        return (thread_time() - started) / STATEMENTS


if __name__ == "__main__":
    main()
