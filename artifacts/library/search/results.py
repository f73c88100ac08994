"""What a search answers: each hit with where it is, and some words around it."""

import re
import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models.functions import Left
from django.utils.translation import gettext as _

from artifacts import documents
from artifacts.library.search.excerpts import excerpt
from artifacts.library.search.find import SOURCES, Hit, find
from artifacts.library.search.triggers import SEARCHED
from artifacts.library.search.words import pattern_of, words_of
from artifacts.models import Artifact
from artifacts.readable import own_then_shared
from chats.models import Chat, Message
from eduhu.db import epoch_ms
from eduhu.errors import InvalidInput
from eduhu.named_queries import named_query
from teachers.models import Teacher

Document = dict[str, Any]
Rows = dict[tuple[str, uuid.UUID], Document]


def search(
    teacher: Teacher,
    question: str,
    *,
    sources: Sequence[str] = SOURCES,
    archived: bool = False,
    limit: int = 20,
) -> tuple[list[Document], bool]:
    """Return the best hits for all words of `question`, and whether there are more.

    Raises InvalidInput for a question without a letter or digit.
    """
    words = words_of(question)
    if not words:
        raise InvalidInput(errors={"q": [_("Please enter a word to search for.")]})
    hits = find(teacher, words, sources, archived=archived, limit=limit + 1)
    rows, wanted = _rows_of(teacher, hits[:limit]), pattern_of(words)
    shown = [
        _shown(rows[hit.source, hit.id], wanted) for hit in hits if (hit.source, hit.id) in rows
    ]
    return shown, len(hits) > limit


def _shown(row: Document, wanted: re.Pattern[str]) -> Document:
    return {**row, "excerpt": excerpt(row["excerpt"], wanted)}


@named_query("search.rows")
def _rows_of(teacher: Teacher, hits: Sequence[Hit]) -> Rows:
    """Return what was found, as far as the teacher may still read it."""
    ids = {source: [hit.id for hit in hits if hit.source == source] for source in SOURCES}
    return {
        **_messages(teacher, ids["message"]),
        **_chats(teacher, ids["chat"]),
        **_artifacts(teacher, ids["artifact"]),
    }


def _messages(teacher: Teacher, ids: Sequence[uuid.UUID]) -> Rows:
    messages = Message.objects.for_teacher(teacher).filter(pk__in=ids)
    rows = messages.values_list(
        "id", "chat_id", "chat__title", Left("content", SEARCHED), "timestamp"
    )
    return {
        ("message", pk): _row("message", pk, chat_id, title, content, time)
        for pk, chat_id, title, content, time in (rows if ids else ())
    }


def _chats(teacher: Teacher, ids: Sequence[uuid.UUID]) -> Rows:
    chats = Chat.objects.for_teacher(teacher).filter(pk__in=ids)
    rows = chats.values_list("id", "title", "updated_at")
    return {
        ("chat", pk): _row("chat", pk, pk, title, title, time)
        for pk, title, time in (rows if ids else ())
    }


def _artifacts(teacher: Teacher, ids: Sequence[uuid.UUID]) -> Rows:
    found: Rows = {}
    if not ids:
        return found
    own, shared = own_then_shared(Artifact.objects, teacher)
    for is_own, readable in ((True, own), (False, shared)):
        missing = [pk for pk in ids if ("artifact", pk) not in found]
        rows = readable.filter(pk__in=missing).values_list(
            "id", "chat_id", "title", "kind", "content", "created_at"
        )
        for pk, chat_id, title, kind, content, time in rows if missing else ():
            text = _text_of(documents.read(kind, content))[:SEARCHED]
            row = _row("artifact", pk, chat_id if is_own else None, title, text, time)
            found["artifact", pk] = {**row, "is_own": is_own}
    return found


def _text_of(content: Any) -> str:
    """Return all text of a document, in its order."""
    if isinstance(content, dict):
        return " ".join(filter(None, map(_text_of, content.values())))
    if isinstance(content, list):
        return " ".join(filter(None, map(_text_of, content)))
    return content if isinstance(content, str) else ""


def _row(
    source: str, pk: uuid.UUID, chat_id: uuid.UUID | None, title: str, text: str, time: Any
) -> Document:
    return {
        "type": source,
        "id": pk,
        "chat_id": chat_id,
        "title": title,
        "excerpt": text,
        "time": epoch_ms(time),
        "is_own": True,
    }
