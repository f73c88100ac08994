"""How many SQL statements a turn takes, as PostgreSQL itself logs them."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.load import Question, ask_all

TURNS = 40
_STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (.+)")
# What the transaction costs is not counted, nor what is written for all replies together.
_UNCOUNTED = re.compile(r"BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE")
_OURS = re.compile(r"pg_reload_conf|ALTER SYSTEM")
_CHECKPOINT = re.compile(r"\s*UPDATE replies SET text")


def statements_a_turn(target: Any) -> dict[str, Any]:
    """Let PostgreSQL log everything for a while; return the mean number and the kinds.

    Replies of one token, one after the other, so that each is claimed alone. The
    worker's sweeps and heartbeats of this time are among them.
    """
    questions = [Question(target.url, token, 1, 0.02) for token in target.tokens[:TURNS]]
    found = statements_of(
        target.cluster.postgres, lambda: asyncio.run(ask_all(questions, spread=0.08))
    )
    return {
        "mean": round(found.total() / TURNS, 1),
        "kinds": {kind: round(count / TURNS, 2) for kind, count in found.most_common()},
    }


def statements_of(postgres: Any, run: Callable[[], object]) -> Counter[str]:
    """Let PostgreSQL log everything while `run` runs; return how often it was told what."""
    log = Path(postgres.folder / "log")
    before = log.stat().st_size
    _set_logging(postgres.url, "all")
    run()
    time.sleep(0.5)
    _set_logging(postgres.url, "none")
    return Counter(_kinds(log.read_bytes()[before:].decode(errors="replace")))


def _kinds(log: str) -> list[str]:
    said = [match[1] for match in _STATEMENT.finditer(log)]
    counted = [each for each in said if not _UNCOUNTED.match(each) and not _CHECKPOINT.match(each)]
    return [_kind(each) for each in counted if not _OURS.search(each)]


def _kind(statement: str) -> str:
    """Name a statement by its verb and its first table."""
    verb = statement.split(maxsplit=1)[0]
    table = re.search(r'(?:FROM|INTO|UPDATE) "(\w+)"', statement)
    return f"{verb} {table[1]}" if table else statement[:60]


def _set_logging(database: str, level: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET log_statement = '{level}'")
        connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.5)
