"""Query plans: what the database would do for each statement of a block, and what it must not."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection

from eduhu.named_queries import name_of

# Tables that grow with the use of the product, or with an outage. The reading habits are
# summed up by a task, every ten minutes.
BIG = {
    "artifact_exports", "artifact_facets", "artifact_tags", "artifact_versions", "artifacts",
    "chat_topics", "chats", "collection_items", "collections", "exports", "favourites",
    "idempotent_requests", "knox_authtoken", "mailings", "memories", "message_topics", "messages",
    "mirror_outbox", "replies", "search_entries", "shares", "teacher_preferences", "teachers",
    "usage_entries",
}  # fmt: skip
# Those of what is being written are small; those of the outbox are queues, read from the front.
WALKED = {
    "replies_live", "replies_one_live_per_chat", "mirror_outbox_waiting", "mirror_outbox_parked",
    "message_topics_due",
}  # fmt: skip
PLANNED = ("SELECT", "UPDATE", "DELETE", "(SELECT", "WITH")


@dataclass(frozen=True)
class Statement:
    """A statement that ran, and the name it is timed under."""

    name: str
    sql: str
    params: Any


@contextlib.contextmanager
def recorded() -> Iterator[list[Statement]]:
    """Yield the statements of the block that look for rows, as they run."""
    found: list[Statement] = []

    def record(execute, sql, params, many, context):
        if str(sql).lstrip().upper().startswith(PLANNED):
            found.append(Statement(name_of(sql), sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        yield found


def scans(statement: Statement) -> list[str]:
    """Return the steps of the plan that walk a big table, or an index of it, without a condition.

    To walk an index and filter what comes is no better than to walk the table.
    """
    if connection.vendor == "postgresql":
        nodes = [node for node in _nodes(_postgresql_plan(statement)) if _is_walk(node)]
        return [f"{node['Node Type']} on {node['Relation Name']}" for node in nodes]
    lines = [line.split() for line in _sqlite_plan(statement)]
    walks = [line for line in lines if line[0] == "SCAN" and line[1] in BIG]
    return [" ".join(line) for line in walks if line[-1] not in WALKED]


def _postgresql_plan(statement: Statement) -> dict[str, Any]:
    connection.ensure_connection()
    with psycopg.ClientCursor(connection.connection) as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.params)
        [(answer,)] = cursor.fetchall()
    plans = json.loads(answer) if isinstance(answer, str) else answer
    return plans[0]["Plan"]


def _is_walk(node: dict[str, Any]) -> bool:
    if node.get("Relation Name") not in BIG or node.get("Index Name") in WALKED:
        return False
    kinds = {"Seq Scan", "Index Scan", "Index Only Scan"}
    return node["Node Type"] in kinds and "Index Cond" not in node


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


def _sqlite_plan(statement: Statement) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.params)
        return [row[-1] for row in cursor.fetchall()]
