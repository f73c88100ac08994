"""Reads of the library, in the form the API shows them. Nothing here is cached."""

import uuid
from collections import defaultdict
from collections.abc import Collection as Some
from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from artifacts.library.models import Collection, CollectionItem, Facets, Favourite, Share, Tag
from artifacts.library.search.words import folded
from artifacts.models import Artifact
from artifacts.readable import first_readable, own_then_shared
from eduhu.db import epoch_ms, from_epoch_ms
from eduhu.errors import InvalidInput, NotFound
from eduhu.named_queries import named_query
from eduhu.pages import PageRequest, newest_first, split
from teachers.models import Teacher

Document = dict[str, Any]  # a row as JSON shows it
SHELVES = ("own", "with_me", "by_me")

_FIELDS = (
    "id", "title", "kind", "artifact_type", "created_at", "changed_at", "revision", "teacher_id",
)  # fmt: skip
_FACETS = ("subject", "grade", "topic")


@named_query("library.page")
def library_page(
    teacher: Teacher, page: PageRequest, *, shared: str = "own", **wanted: Any
) -> tuple[list[Document], str | None]:
    """Return a page of what a teacher has, or may read, newest first, and the next cursor.

    `shared` is own, with_me (of others) or by_me (own, and shared). Filters: artifact_type,
    kind, subject, grade, topic, tag, favourite, collection, since and until (milliseconds).
    Raises NotFound for a collection that the teacher may not read.
    """
    if "collection" in wanted:
        _readable_collection(teacher, wanted["collection"])
    if shared == "with_me":
        artifacts = Artifact.objects.shared_with(teacher)
        facets = Facets.objects.filter(pk__in=list(artifacts.values_list("pk", flat=True)))
    else:
        artifacts = Artifact.objects.for_teacher(teacher)
        facets = Facets.objects.filter(teacher_id=teacher.pk)
    if shared == "by_me":
        artifacts = artifacts.filter(_is_shared(teacher))
    artifacts = artifacts.filter(*_conditions(teacher, wanted), *_said(facets, wanted))
    rows = list(newest_first(_shown(artifacts), page, time_field="created_at"))
    rows, cursor = split(rows, page, time_field="created_at")
    return _documents(teacher, rows), cursor


def _is_shared(teacher: Teacher) -> Q:
    shares = Share.objects.filter(owner_id=teacher.pk)
    return Q(Exists(shares.filter(artifact_id=OuterRef("pk")))) | Q(
        Exists(shares.filter(collection__items__artifact_id=OuterRef("pk")))
    )


def _conditions(teacher: Teacher, wanted: Document) -> list[Q]:
    found = [Q(**{name: wanted[name]}) for name in ("artifact_type", "kind") if name in wanted]
    if "tag" in wanted:
        tags = Tag.objects.filter(teacher_id=teacher.pk, key=folded(wanted["tag"]))
        found.append(Q(pk__in=tags.values("artifact_id")))
    if "favourite" in wanted:
        marked = Q(pk__in=Favourite.objects.filter(teacher_id=teacher.pk).values("artifact_id"))
        found.append(marked if wanted["favourite"] else ~marked)
    if "collection" in wanted:
        items = CollectionItem.objects.filter(collection_id=wanted["collection"])
        found.append(Q(pk__in=items.values("artifact_id")))
    found += [
        Q(**{f"created_at__{sign}": _moment(name, wanted[name])})
        for name, sign in (("since", "gte"), ("until", "lt"))
        if name in wanted
    ]
    return found


def _said(facets: QuerySet[Facets], wanted: Document) -> list[Q]:
    """Return the condition for what documents say of themselves, whatever its case."""
    ways = {"subject": "subject__iexact", "grade": "grade__iexact", "topic": "topic__icontains"}
    told = {way: wanted[name] for name, way in ways.items() if name in wanted}
    return [Q(pk__in=facets.filter(**told).values("pk"))] if told else []


def _moment(name: str, milliseconds: int) -> Any:
    try:
        return from_epoch_ms(milliseconds)
    except (OverflowError, ValueError, OSError) as error:
        raise InvalidInput(errors={name: [str(milliseconds)]}) from error


def _shown(artifacts: QuerySet[Artifact]) -> Any:
    return artifacts.values(*_FIELDS, owner_name=F("teacher__name"))


def _documents(teacher: Teacher, rows: list[Document]) -> list[Document]:
    ids = [row["id"] for row in rows]
    tags, favourites, facets = _tags_of(teacher, ids), _favourites_among(teacher, ids), _facets(ids)
    nothing = dict.fromkeys(_FACETS)
    return [
        {
            **{name: row[name] for name in _FIELDS if name != "teacher_id"},
            **facets.get(row["id"], nothing),
            "created_at": epoch_ms(row["created_at"]),
            "changed_at": epoch_ms(row["changed_at"]) if row["changed_at"] else None,
            "is_own": row["teacher_id"] == teacher.pk,
            "owner_name": row["owner_name"],
            "is_favourite": row["id"] in favourites,
            "tags": tags[row["id"]],
        }
        for row in rows
    ]


def refuse_unreadable(teacher: Teacher, artifact_id: uuid.UUID) -> None:
    """Raise NotFound unless the teacher may read the artifact."""
    if first_readable(Artifact.objects, teacher, artifact_id, "pk") is None:
        raise NotFound


def artifact_tags(teacher: Teacher, artifact_id: uuid.UUID) -> list[str]:
    """Return the teacher's own tags of an artifact they may read. Raises NotFound."""
    refuse_unreadable(teacher, artifact_id)
    return _tags_of(teacher, [artifact_id])[artifact_id]


@named_query("library.tags_of")
def _tags_of(teacher: Teacher, ids: Some[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    tags = Tag.objects.filter(teacher_id=teacher.pk, artifact_id__in=ids).order_by("key")
    for artifact_id, name in tags.values_list("artifact_id", "name"):
        found[artifact_id].append(name)
    return found


@named_query("library.facets")
def _facets(ids: Some[uuid.UUID]) -> dict[uuid.UUID, Document]:
    rows = Facets.objects.filter(pk__in=ids).values("pk", *_FACETS)
    return {row.pop("pk"): row for row in map(dict, rows)}


@named_query("library.favourites")
def _favourites_among(teacher: Teacher, ids: Some[uuid.UUID]) -> set[uuid.UUID]:
    marked = Favourite.objects.filter(teacher_id=teacher.pk, artifact_id__in=ids)
    return set(marked.values_list("artifact_id", flat=True))


@named_query("library.tags")
def tags(teacher: Teacher) -> list[Document]:
    """Return the tags a teacher uses, by name, and on how many artifacts each."""
    found = Tag.objects.filter(teacher_id=teacher.pk).values("key")
    counted = found.annotate(name=Min("name"), count=Count("id")).order_by("key")
    return [dict(each) for each in counted.values("name", "count")]


_COLLECTION = ("id", "name", "created_at", "teacher_id")


@named_query("library.collections")
def collections(teacher: Teacher) -> list[Document]:
    """Return all collections a teacher has or may read, own ones first, by name."""
    items = CollectionItem.objects.filter(collection_id=OuterRef("pk"))
    count = items.order_by().values("collection_id").annotate(n=Count("id")).values("n")
    found = []
    for rows in own_then_shared(Collection.objects, teacher):
        counted = rows.annotate(
            item_count=Coalesce(Subquery(count), 0), owner_name=F("teacher__name")
        )
        found += counted.values(*_COLLECTION, "item_count", "owner_name").order_by("name", "id")
    return [_collection(teacher, row) for row in found]


def _collection(teacher: Teacher, row: Document) -> Document:
    is_own = row["teacher_id"] == teacher.pk
    shown = {name: value for name, value in row.items() if name != "teacher_id"}
    return {**shown, "created_at": epoch_ms(row["created_at"]), "is_own": is_own}


def collection_detail(teacher: Teacher, collection_id: uuid.UUID) -> Document:
    """Return a collection, own or shared, with all that is in it, in order. Raises NotFound."""
    row = _readable_collection(teacher, collection_id)
    items = _documents(teacher, _items_of(collection_id, row["teacher_id"]))
    return {**_collection(teacher, row), "item_count": len(items), "items": items}


@named_query("library.collection")
def _readable_collection(teacher: Teacher, collection_id: uuid.UUID) -> Document:
    owner = F("teacher__name")
    row = first_readable(Collection.objects, teacher, collection_id, *_COLLECTION, owner_name=owner)
    if row is None:
        raise NotFound
    return row


def refuse_unreadable_collection(teacher: Teacher, collection_id: uuid.UUID) -> None:
    """Raise NotFound unless the teacher may read the collection."""
    _readable_collection(teacher, collection_id)


@named_query("library.items")
def _items_of(collection_id: uuid.UUID, owner_id: uuid.UUID) -> list[Document]:
    """Return what is in a collection; an artifact that changed hands is no longer shown."""
    artifacts = Artifact.objects.filter(places__collection_id=collection_id, teacher_id=owner_id)
    return list(_shown(artifacts).order_by("places__position", "id"))
