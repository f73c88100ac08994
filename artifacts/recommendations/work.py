"""Finds the vectors that are due, has them made, and stores them.

The table is the truth: a row is due from the statement that changed its artifact or chat.
Whoever takes it and dies leaves it to the next, `LEASE` later. What is changed while its
vector is made is due again, and keeps the old one until then.
"""

import datetime as dt
import logging
import time
import uuid
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from django.db import DatabaseError, transaction

from artifacts import documents
from artifacts.models import Artifact
from artifacts.recommendations.models import Source, Vector
from artifacts.recommendations.texts import text_of
from chats.models import Chat, Message, Role
from eduhu import embedding
from eduhu.db import now
from eduhu.embedding import EmbeddingUnavailable
from eduhu.named_queries import named_query

AT_ONCE = 16
RENEWED = 500  # of another model, each time
REBUILT = 1000  # in one transaction
LEASE = dt.timedelta(minutes=2)
QUESTIONS = 4  # of a chat, the newest, which counts twice
WORDS_LEAST = 3  # "shorter, please" says nothing of what a chat is about

logger = logging.getLogger(__name__)

Made = dict[int, bytes | None]  # by the id of the row; None where there is nothing to say


def embed_waiting(seconds: float) -> int:
    """Make what is due, for at most about so long, once at least; return how many were made."""
    if embedding.model() is None:
        return 0
    renew()
    ends_at, done = time.monotonic() + seconds, 0
    while True:
        rows, until = take()
        if not rows:
            return done
        try:
            made = _made(rows)
        except EmbeddingUnavailable as error:
            logger.warning("vectors wait: %s", error)
            return done
        done += store(made, until)
        if time.monotonic() >= ends_at:
            return done


@named_query("recommendations.renew")
def renew() -> None:
    """Let some of the vectors that another model has made be due: they compare with nothing."""
    model = embedding.model()
    for condition in ({"model__lt": model}, {"model__gt": model}):
        others = Vector.objects.filter(**condition, due_at__isnull=True)
        with transaction.atomic():
            free = others.select_for_update(skip_locked=True)
            ids = list(free.values_list("pk", flat=True)[:RENEWED])
            if ids:
                Vector.objects.filter(pk__in=ids).update(due_at=now())


@named_query("recommendations.take")
def take() -> tuple[list[Vector], dt.datetime]:
    """Take the rows that changed last; return them, and until when they are ours.

    Whoever asks something now must not wait for an import of a whole school year.
    """
    until = now() + LEASE
    with transaction.atomic():
        due = Vector.objects.filter(due_at__lte=now()).order_by("-due_at")
        rows = list(
            due.select_for_update(skip_locked=True).only("pk", "source", "row_id")[:AT_ONCE]
        )
        if rows:
            Vector.objects.filter(pk__in=[row.pk for row in rows]).update(due_at=until)
    return rows, until


def _made(rows: Sequence[Vector]) -> Made:
    """Make the vectors of some rows; one that has none to give must not keep others waiting."""
    try:
        return make(rows)
    except (EmbeddingUnavailable, DatabaseError):
        raise
    except Exception:
        if len(rows) == 1:
            logger.exception("%s has no vector", rows[0])
            return {rows[0].pk: None}
    return {pk: vector for row in rows for pk, vector in _made([row]).items()}


def make(rows: Sequence[Vector]) -> Made:
    """Make the vectors of some rows. Raises EmbeddingUnavailable."""
    texts = texts_of(rows)
    flat = list(dict.fromkeys(text for each in texts.values() for text in each))
    known = dict(zip(flat, embedding.embed(flat), strict=True))
    return {pk: mean([known[text] for text in each]) for pk, each in texts.items()}


def texts_of(rows: Sequence[Vector]) -> dict[int, list[str]]:
    """Return what the vectors of some rows are to be the middle of; nothing of what is gone."""
    of: dict[str, list[uuid.UUID]] = defaultdict(list)
    for row in rows:
        of[row.source].append(row.row_id)
    found = {"artifact": _artifacts(of["artifact"]), "chat": _chats(of["chat"])}
    return {row.pk: found[row.source].get(row.row_id, []) for row in rows}


@named_query("recommendations.artifacts")
def _artifacts(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    rows = Artifact.objects.filter(pk__in=ids).values_list("pk", "title", "kind", "content")
    return {
        pk: [text_of(title, documents.read(kind, content))] for pk, title, kind, content in rows
    }


@named_query("recommendations.questions")
def _chats(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = {}
    for pk in ids:
        asked = Message.objects.filter(chat_id=pk, role=Role.USER).order_by("-timestamp", "-id")
        texts = [" ".join(text.split()) for text in asked.values_list("content", flat=True)[:12]]
        telling = [text for text in texts if len(text.split()) >= WORDS_LEAST] or texts
        newest = telling[:1]
        found[pk] = [*newest, *telling[:QUESTIONS]]
    return found


def mean(vectors: Sequence[bytes]) -> bytes | None:
    """Return the middle of some vectors, of length one; None of none."""
    if not vectors:
        return None
    if len(vectors) == 1:
        return vectors[0]
    columns = zip(*map(embedding.numbers, vectors), strict=True)
    summed = array("f", map(sum, columns))
    length = embedding.cosine(summed, summed) ** 0.5
    return array("f", (each / length for each in summed)).tobytes() if length else None


@named_query("recommendations.store")
def store(made: Made, until: dt.datetime) -> int:
    """Store vectors, except of what has changed meanwhile; return how many.

    Each alone: who holds several could wait for an import that waits for him.
    """
    model, ours = embedding.model(), Vector.objects.filter(due_at=until)
    return sum(
        ours.filter(pk=pk).update(vector=vector, model=model, due_at=None)
        for pk, vector in made.items()
    )


def rebuild() -> int:
    """Let every vector be due, also of what was stored before there were any; return how many.

    Some at a time, in the order of their ids: whoever writes into a chat meanwhile needs its
    row here, and must not wait until all others are done.
    """
    return sum(
        _let_be_due(source, some)
        for source, model in ((Source.ARTIFACT, Artifact), (Source.CHAT, Chat))
        for some in _ids_of(model)
    )


def _ids_of(model: type[Artifact] | type[Chat]) -> Iterator[list[uuid.UUID]]:
    ids = model._default_manager.order_by("pk").values_list("pk", flat=True)
    some = list(ids[:REBUILT])
    while some:
        yield some
        some = list(ids.filter(pk__gt=some[-1])[:REBUILT])


def _let_be_due(source: Source, ids: Collection[uuid.UUID]) -> int:
    due_at = now()
    Vector.objects.bulk_create(
        (Vector(source=source, row_id=pk, due_at=due_at) for pk in ids), ignore_conflicts=True
    )
    with transaction.atomic():
        # What is locked is made due, or made, by whoever holds it; waiting could deadlock.
        free = Vector.objects.filter(source=source, row_id__in=ids)
        found = list(free.select_for_update(skip_locked=True).values_list("pk", flat=True))
        Vector.objects.filter(pk__in=found).update(due_at=due_at)
    return len(ids)
