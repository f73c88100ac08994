"""Finding what a teacher may read, by words: best first, of each engine in its own way.

Of a teacher's own hits the newest thousand are ranked, so that a word which stands
everywhere costs no more than that.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from artifacts.library.search.words import PREFIX_FROM, beginnings, spellings
from artifacts.models import Artifact
from eduhu.named_queries import named_query
from teachers.models import Teacher

RANKED = 1000
SOURCES = ("artifact", "chat", "message")


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found."""

    source: str
    id: uuid.UUID
    chat_id: uuid.UUID | None


@named_query("search.find")
def find(
    teacher: Teacher, words: Sequence[str], sources: Sequence[str], *, archived: bool, limit: int
) -> list[Hit]:
    """Return at most `limit` hits, best first: own ones, and artifacts of others that are shared.

    `archived` looks into archived chats, too.
    """
    is_postgresql = connection.vendor == "postgresql"
    look = _on_postgresql if is_postgresql else _on_sqlite
    shared = list(Artifact.objects.shared_with(teacher).values_list("pk", flat=True))
    sql, params = look(teacher, words, sources, archived, shared)
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} LIMIT %s", [*params, limit])
        return [Hit(row[0], _id(row[1]), _id(row[2])) for row in cursor.fetchall()]


def _id(value: Any) -> Any:
    return uuid.UUID(value) if isinstance(value, str) else value


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _param(value: uuid.UUID) -> Any:
    return value if connection.vendor == "postgresql" else value.hex


def _visible(teacher: Teacher, sources: Sequence[str], archived: bool) -> tuple[str, list[Any]]:
    """Return the condition for own entries; an artifact outlives the archiving of its chat."""
    sql, params = f"e.teacher_id = %s AND e.source IN ({_marks(sources)})", list(sources)
    if archived:
        return sql, [_param(teacher.pk), *params]
    unseen = "SELECT id FROM chats WHERE teacher_id = %s AND is_archived = %s"
    condition = f"{sql} AND (e.source = 'artifact' OR e.chat_id NOT IN ({unseen}))"
    return condition, [_param(teacher.pk), *params, _param(teacher.pk), True]


def _shared(sources: Sequence[str], shared: list[uuid.UUID]) -> tuple[str, list[Any]]:
    """Return the condition for entries of others that are shared, or nothing without any."""
    if not shared or "artifact" not in sources:
        return "", []
    ids = [_param(each) for each in shared]
    return f"e.source = 'artifact' AND e.row_id IN ({_marks(ids)})", ids


Look = tuple[str, list[Any]]


def _on_postgresql(
    teacher: Teacher,
    words: Sequence[str],
    sources: Sequence[str],
    archived: bool,
    shared: list[Any],
) -> Look:
    question, terms = _tsquery(words)
    own, own_params = _visible(teacher, sources, archived)
    owner = f"'@{teacher.pk}'"
    # Of the id a sum, as its index read backwards would look like a short way to the newest.
    parts = [
        f"(SELECT e.* FROM search_entries e"
        f" WHERE {own} AND e.vector @@ (%s::tsquery && {question})"
        f" ORDER BY e.id + 0 DESC LIMIT {RANKED})"
    ]
    params: list[Any] = [*own_params, owner, *terms]
    others, ids = _shared(sources, shared)
    if others:
        parts.append(
            f"(SELECT e.* FROM search_entries e WHERE {others} AND e.vector @@ {question})"
        )
        params += [*ids, *terms]
    return (
        f"SELECT source, row_id, chat_id FROM ({' UNION ALL '.join(parts)}) found"
        f" ORDER BY ts_rank(vector, {question}) DESC, id DESC",
        [*params, *terms],
    )


def _tsquery(words: Sequence[str]) -> Look:
    """Return an expression that wants all words, each stemmed in both languages or begun."""
    wanted, params = [], []
    for word in words:
        ways: list[str] = []
        for each in spellings(word):
            ways += ["plainto_tsquery('pg_catalog.german', %s::text)"]
            ways += ["plainto_tsquery('pg_catalog.english', %s::text)"]
            ways += ["to_tsquery('pg_catalog.simple', %s::text)"]
            params += [each, each, f"{each}:*" if len(each) >= PREFIX_FROM else each]
        wanted.append(f"({' || '.join(ways)})")
    return f"({' && '.join(wanted)})", params


def _on_sqlite(
    teacher: Teacher,
    words: Sequence[str],
    sources: Sequence[str],
    archived: bool,
    shared: list[Any],
) -> Look:
    wanted = [" OR ".join(_begun(each) for each in beginnings(word)) for word in words]
    question = f"{{title body}} : ({' AND '.join(f'({ways})' for ways in wanted)})"
    owned = f'teacher_id : "{teacher.pk.hex}" AND {question}'
    own, own_params = _visible(teacher, sources, archived)
    parts, params = [_matches(own)], [owned, *own_params]
    others, ids = _shared(sources, shared)
    if others:
        parts.append(_matches(others))
        params += [question, *ids]
    sql = " UNION ALL ".join(parts)
    return f"SELECT source, row_id, chat_id FROM ({sql}) ORDER BY rank, id DESC", params


def _matches(condition: str) -> str:
    return (
        "SELECT e.id, e.source, e.row_id, e.chat_id, bm25(search_words, 0, 10, 1) AS rank"
        " FROM search_words JOIN search_entries e ON e.id = search_words.rowid"
        f" WHERE search_words MATCH %s AND {condition}"
    )


def _begun(word: str) -> str:
    return f'"{word}"*' if len(word) >= PREFIX_FROM else f'"{word}"'
