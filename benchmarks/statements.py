"""How many SQL statements a turn takes, as PostgreSQL itself logs them."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from benchmarks.load import Question, ask_all

TURNS = 40
IDLE_SECONDS = 12  # longer than the pauses of what is done again and again
_STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (.+)")
# What the transaction costs is not counted, nor what is written for all replies together.
_UNCOUNTED = re.compile(r"BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE")
_OURS = re.compile(r"pg_reload_conf|ALTER SYSTEM")
_CHECKPOINT = re.compile(r"\s*UPDATE replies SET text")


def statements_a_turn(target: Any) -> dict[str, Any]:
    """Let PostgreSQL log everything for a while; return the mean number and the kinds.

    Replies of one token, one after the other, so that each is claimed alone. `left_out`
    is what the processes say whether anybody asks or not; see `_of_turns`.
    """
    questions = [Question(target.url, token, 1, 0.02) for token in target.tokens[:TURNS]]
    postgres = target.cluster.postgres
    asked = _timed(postgres, lambda: asyncio.run(ask_all(questions, spread=0.08)))
    idle = _timed(postgres, lambda: time.sleep(IDLE_SECONDS))
    found = _of_turns(asked, idle)
    left_out = asked.said.total() - sum(found.values())
    return {
        "mean": round(sum(found.values()) / TURNS, 1),
        "kinds": {kind: round(count / TURNS, 2) for kind, count in found.items()},
        "left_out": round(left_out / TURNS, 1),
    }


class _Stretch(NamedTuple):
    """What was said in so many seconds."""

    said: Counter[str]
    seconds: float


def _timed(postgres: Any, run: Callable[[], object]) -> _Stretch:
    begun = time.monotonic()
    return _Stretch(statements_of(postgres, run), time.monotonic() - begun)


def _of_turns(asked: _Stretch, idle: _Stretch) -> dict[str, float]:
    """Return how often each kind was said because of turns, the most frequent first.

    What is also said by idle processes (sweeps, health checks, alerts) is subtracted for
    the same time. It comes in bursts, of which one stretch may have one more: so a kind
    of theirs that is not said once a turn is none of a turn's.
    """
    found = {}
    for kind, count in asked.said.most_common():
        if kind not in idle.said:
            found[kind] = float(count)
        elif count >= TURNS:
            found[kind] = count - idle.said[kind] * asked.seconds / idle.seconds
    return found


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
