"""What is recommended, in the form the API shows it. Nothing here is cached.

What a teacher may not read never gets in: candidates come through `for_teacher()` and
`shared_with()` alone, in the request itself, so that the end of a share counts at once.
"""

import re
import uuid
from array import array
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from artifacts import documents
from artifacts.exports import preview
from artifacts.kinds import KINDS
from artifacts.models import Artifact
from artifacts.recommendations import starter
from artifacts.recommendations.models import ItemMark, Mark, Source, Vector
from artifacts.recommendations.ranking import OWN, SHARED, STARTER, Context, Item, rank
from artifacts.recommendations.reasons import reason
from artifacts.recommendations.school_year import seasons
from artifacts.recommendations.starter import Starter
from artifacts.recommendations.work import mean
from chats.models import Chat
from chats.providers.template.subjects import subject_name
from eduhu import embedding
from eduhu.errors import NotFound
from eduhu.named_queries import named_query
from teachers.models import Teacher, TeacherPreferences
from teachers.notifications import switches
from teachers.queries import saved_preferences

Document = dict[str, Any]
SWITCH = "recommendations"  # in `notification_settings`; false switches all of it off
OWN_MOST, SHARED_MOST = 100, 60  # the newest; each costs a product of vectors
RECENT_CHATS = 3
_ROW = (
    "id", "title", "kind", "artifact_type", "facets__subject", "facets__grade",
)  # fmt: skip
_ITEM = ("id", "source", "title", "kind", "artifact_type", "subject", "grade", "language")


def recommendations(
    teacher: Teacher, *, chat_id: uuid.UUID | None = None, limit: int
) -> list[Document]:
    """Return what fits a chat, or the teacher's profile and last chats; the best first.

    Raises NotFound for a chat that is not the teacher's. Nothing is looked for where the
    teacher has switched it off.
    """
    chat = _chat(teacher, chat_id) if chat_id is not None else None
    preferences = saved_preferences(teacher)
    if preferences is not None and not switches(preferences.notification_settings)[SWITCH]:
        return []
    chats = [chat.pk] if chat is not None else _recent_chats(teacher)
    context = _context(teacher, preferences, chat, chats)
    items = _unseen(teacher, [*_artifacts(teacher, chats), *starter_items()])
    ranked = rank(items, context, limit)
    languages = languages_of([each.item.item_id for each in ranked if each.item.source != STARTER])
    return [
        {
            **{name: getattr(each.item, name) for name in _ITEM},
            **({"language": languages[each.item.id]} if each.item.id in languages else {}),
            "score": each.score,
            "reason": reason(each, context),
        }
        for each in ranked
    ]


@named_query("recommendations.chat")
def _chat(teacher: Teacher, chat_id: uuid.UUID) -> Chat:
    chat = Chat.objects.for_teacher(teacher).filter(pk=chat_id).only("topic_category").first()
    if chat is None:
        raise NotFound
    return chat


@named_query("recommendations.recent")
def _recent_chats(teacher: Teacher) -> list[uuid.UUID]:
    chats = Chat.objects.for_teacher(teacher).filter(is_archived=False)
    newest = chats.order_by("-updated_at", "-id")
    return list(newest.values_list("pk", flat=True)[:RECENT_CHATS])


def _context(
    teacher: Teacher,
    preferences: TeacherPreferences | None,
    chat: Chat | None,
    chats: Collection[uuid.UUID],
) -> Context:
    middle = mean(list(_vectors(Source.CHAT, chats).values()))
    context = Context(
        language=teacher.language,
        is_chat=chat is not None,
        vector=None if middle is None else embedding.numbers(middle),
        topic=None if chat is None else chat.topic_category,
        seasons=seasons(timezone.localdate(), None),
    )
    if preferences is None:
        return context
    state = preferences.federal_state
    return replace(
        context,
        subjects=frozenset(map(_subject_key, preferences.subject_areas)),
        grades=grades_of(preferences.grade_level),
        seasons=seasons(timezone.localdate(), state),
        state=state,
    )


def _subject_key(word: str) -> str:
    return subject_name(word, "en").lower()


def grades_of(text: str | None) -> frozenset[int]:
    """Return the grades that a text names: 7b, 5-6, Klasse 10."""
    numbers = [int(each) for each in re.findall(r"\d+", text or "") if len(each) <= 2]
    is_range = len(numbers) == 2 and re.search(r"\d\s*(?:-|–|bis|to)\s*\d", text or "")
    return frozenset(range(numbers[0], numbers[1] + 1) if is_range else numbers)


@named_query("recommendations.vectors")
def _vectors(source: Source, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, bytes]:
    """Return the vectors that there are; those of another model compare with nothing."""
    rows = Vector.objects.filter(
        source=source, row_id__in=ids, model=embedding.model(), vector__isnull=False
    )
    return {pk: bytes(vector or b"") for pk, vector in rows.values_list("row_id", "vector")}


def _artifacts(teacher: Teacher, chats: Collection[uuid.UUID]) -> list[Item]:
    """Return what the teacher has, but for what came out of these chats, and may read."""
    own = _rows(Artifact.objects.for_teacher(teacher).exclude(chat_id__in=chats), OWN_MOST)
    shared = _shared_rows(teacher)
    vectors = _vectors(Source.ARTIFACT, [row["id"] for row in (*own, *shared)])
    return [
        _item(row, source, vectors.get(row["id"]))
        for rows, source in ((own, OWN), (shared, SHARED))
        for row in rows
    ]


@named_query("recommendations.own")
def _rows(artifacts: QuerySet[Artifact], most: int) -> list[Any]:
    return list(artifacts.order_by("-created_at", "-id").values(*_ROW)[:most])


@named_query("recommendations.shared")
def _shared_rows(teacher: Teacher) -> list[Any]:
    artifacts = Artifact.objects.shared_with(teacher).order_by("-created_at", "-id")
    return list(artifacts.values(*_ROW, owner_name=F("teacher__name"))[:SHARED_MOST])


def _item(row: Document, source: str, vector: bytes | None) -> Item:
    subject, grade = row["facets__subject"], row["facets__grade"]
    return Item(
        str(row["id"]), row["id"], source, row["title"], row["kind"], row["artifact_type"],
        subject, grade,
        subject_key=_subject_key(subject or ""),
        grades=grades_of(grade),
        vector=None if vector is None else embedding.numbers(vector),
        owner_name=row.get("owner_name", ""),
    )  # fmt: skip


def starter_items() -> list[Item]:
    """Return the starter library, ready to be ranked; in an order that mixes subjects."""
    vectors = starter.vectors()
    items = (_starter_item(each, vectors.get(slug)) for slug, each in starter.library().items())
    return sorted(items, key=lambda item: item.item_id)


def _starter_item(each: Starter, vector: "array[float] | None") -> Item:
    shown = starter_document(each)
    names = ("title", "kind", "artifact_type", "subject", "grade", "language")
    return Item(
        id=each.slug,
        item_id=each.item_id,
        source=STARTER,
        **{name: shown[name] for name in names},
        subject_key=_subject_key(shown["subject"] or ""),
        grades=grades_of(shown["grade"]),
        topics=each.topics,
        seasons=each.seasons,
        vector=vector,
    )


def _unseen(teacher: Teacher, items: Sequence[Item]) -> list[Item]:
    """Leave out what the teacher has kept or does not want, and mark what was opened."""
    marks = _marks(teacher, [item.item_id for item in items])
    return [
        replace(item, is_opened=item.item_id in marks) if item.item_id in marks else item
        for item in items
        if marks.get(item.item_id) in {None, Mark.OPENED}
    ]


@named_query("recommendations.marks")
def _marks(teacher: Teacher, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    rows = ItemMark.objects.for_teacher(teacher).filter(item_id__in=ids)
    return dict(rows.values_list("item_id", "mark"))


@named_query("recommendations.languages")
def languages_of(ids: Collection[uuid.UUID]) -> dict[str, str]:
    """Return the languages of documents, by id; a text does not say its own."""
    if not ids:
        return {}
    rows = Artifact.objects.filter(pk__in=ids).values_list("pk", "kind", "content")
    contents = ((pk, documents.read(kind, content)) for pk, kind, content in rows)
    return {str(pk): each["language"] for pk, each in contents if isinstance(each, dict)}


def starters(**wanted: str) -> list[Document]:
    """Return the starter library in brief; filters hold together.

    `language` and `kind` are exact; `subject` in either language, `grade` a number it covers.
    """
    found = [starter_document(each) for each in starter.library().values()]
    for name in ("language", "kind"):
        if name in wanted:
            found = [each for each in found if each[name] == wanted[name]]
    if "subject" in wanted:
        key = _subject_key(wanted["subject"])
        found = [each for each in found if _subject_key(each["subject"] or "") == key]
    if "grade" in wanted:
        grades = grades_of(wanted["grade"])
        found = [each for each in found if grades & grades_of(each["grade"])]
    return found


def starter_document(each: Starter) -> Document:
    """Show a piece of the starter library in brief."""
    document = each.document
    return {
        "slug": each.slug,
        "title": each.title,
        "summary": each.summary,
        "kind": document["kind"],
        "artifact_type": KINDS[document["kind"]].artifact_type.value,
        "subject": document.get("subject"),
        "grade": document.get("grade"),
        "language": document["language"],
        "topic": document["topic"],
        "seasons": list(each.seasons),
    }


def starter_detail(slug: str) -> Document:
    """Show a piece of the starter library as a whole. Raises NotFound."""
    found = starter.starter(slug)
    shown = starter_document(found)
    artifact = {"title": found.title, "kind": shown["kind"], "content": found.document}
    return {**shown, "document": found.document, "preview": preview(artifact, "teacher")}
