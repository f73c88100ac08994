"""What a teacher can do to keep material in order: collections, favourites, tags."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from artifacts.library.models import TAG_MAX, Collection, CollectionItem, Favourite, Tag
from artifacts.library.queries import refuse_unreadable
from artifacts.library.search.words import folded
from artifacts.models import Artifact
from eduhu.db import new_id
from eduhu.errors import Conflict, IdTaken, InvalidInput, NotFound
from teachers.models import Teacher

COLLECTIONS_MAX = 500
ITEMS_MAX = 500
TAGS_MAX = 20


def own_artifact(teacher: Teacher, artifact_id: uuid.UUID) -> Artifact:
    """Return an artifact of the teacher's own. Raises NotFound."""
    row: Artifact = _found(Artifact.objects.for_teacher(teacher).filter(pk=artifact_id))
    return row


def own_collection(teacher: Teacher, collection_id: uuid.UUID) -> Collection:
    """Return a collection of the teacher's own. Raises NotFound."""
    row: Collection = _found(Collection.objects.for_teacher(teacher).filter(pk=collection_id))
    return row


def _found(rows: Any) -> Any:
    row = rows.first()
    if row is None:
        raise NotFound
    return row


@transaction.atomic
def create_collection(
    *, teacher: Teacher, name: str, id: uuid.UUID | None = None
) -> tuple[Collection, bool]:
    """Store an empty collection. Return it, and whether it is new.

    With an id of the client's own the call may be repeated. Raises IdTaken when the id
    names anything else, InvalidInput for too many.
    """
    wanted = {"teacher_id": teacher.pk, "name": name}
    if Collection.objects.for_teacher(teacher).count() >= COLLECTIONS_MAX:
        raise _too_many("name", COLLECTIONS_MAX)
    row, created = Collection.objects.get_or_create(pk=id or new_id(), defaults=wanted)
    if not created and any(getattr(row, name) != value for name, value in wanted.items()):
        raise IdTaken
    return row, created


@transaction.atomic
def rename_collection(*, teacher: Teacher, collection_id: uuid.UUID, name: str) -> None:
    """Give a collection another name. Raises NotFound."""
    if not Collection.objects.for_teacher(teacher).filter(pk=collection_id).update(name=name):
        raise NotFound


@transaction.atomic
def delete_collection(*, teacher: Teacher, collection_id: uuid.UUID) -> None:
    """Delete a collection and its shares; what was in it stays. Raises NotFound."""
    own_collection(teacher, collection_id).delete()


@transaction.atomic
def add_to_collection(
    *, teacher: Teacher, collection_id: uuid.UUID, artifact_id: uuid.UUID
) -> None:
    """Put an artifact at the end; what is in it already stays where it is.

    Only own artifacts, so that sharing a collection passes on nothing of others. Raises
    NotFound, InvalidInput for too many.
    """
    collection, artifact = _locked(teacher, collection_id), own_artifact(teacher, artifact_id)
    ids = list(collection.items.values_list("artifact_id", flat=True))
    if artifact_id in ids:
        return
    if len(ids) >= ITEMS_MAX:
        raise _too_many("artifact_id", ITEMS_MAX)
    last = collection.items.aggregate(last=Max("position"))["last"]
    CollectionItem.objects.create(
        collection=collection, artifact=artifact, position=0 if last is None else last + 1
    )


@transaction.atomic
def remove_from_collection(
    *, teacher: Teacher, collection_id: uuid.UUID, artifact_id: uuid.UUID
) -> None:
    """Take an artifact out; removing it again does nothing. Raises NotFound."""
    _locked(teacher, collection_id).items.filter(artifact_id=artifact_id).delete()


@transaction.atomic
def order_collection(
    *, teacher: Teacher, collection_id: uuid.UUID, artifact_ids: Sequence[uuid.UUID]
) -> None:
    """Put the artifacts of a collection into this order.

    Raises NotFound, and Conflict unless exactly those that are in it are named, each once:
    who orders an old list must lose nothing that came meanwhile.
    """
    items = {item.artifact_id: item for item in _locked(teacher, collection_id).items.all()}
    if len(artifact_ids) != len(items) or set(artifact_ids) != set(items):
        raise Conflict
    for position, artifact_id in enumerate(artifact_ids):
        items[artifact_id].position = position
    CollectionItem.objects.bulk_update(items.values(), ["position"])


def _locked(teacher: Teacher, collection_id: uuid.UUID) -> Collection:
    rows = Collection.objects.for_teacher(teacher).select_for_update(no_key=True)
    collection: Collection = _found(rows.filter(pk=collection_id))
    return collection


def _too_many(field: str, limit: int) -> InvalidInput:
    text = _("There can be at most %(limit)s of these.") % {"limit": limit}
    return InvalidInput(errors={field: [text]})


@transaction.atomic
def mark_favourite(*, teacher: Teacher, artifact_id: uuid.UUID, is_favourite: bool) -> None:
    """Mark an artifact that the teacher may read, or take the mark away. Raises NotFound."""
    refuse_unreadable(teacher, artifact_id)
    which: dict[str, Any] = {"teacher_id": teacher.pk, "artifact_id": artifact_id}
    if is_favourite:
        Favourite.objects.get_or_create(**which)
    else:
        Favourite.objects.filter(**which).delete()


@transaction.atomic
def tag_artifact(*, teacher: Teacher, artifact_id: uuid.UUID, names: Sequence[str]) -> list[str]:
    """Put exactly these tags on an artifact that the teacher may read, and return them.

    Spellings that differ in case or umlauts are one tag, written as it came first. The
    tags are the teacher's own, whosever the artifact is. Raises NotFound, InvalidInput.
    """
    refuse_unreadable(teacher, artifact_id)
    wanted: dict[str, str] = {}
    for name in names:
        shown = " ".join(name.split())
        if not shown or len(shown) > TAG_MAX:
            text = _("A tag has 1 to %(limit)s characters.") % {"limit": TAG_MAX}
            raise InvalidInput(errors={"tags": [text]})
        wanted.setdefault(folded(shown), shown)
    if len(wanted) > TAGS_MAX:
        raise _too_many("tags", TAGS_MAX)
    tags = Tag.objects.filter(teacher=teacher, artifact_id=artifact_id)
    tags.delete()
    Tag.objects.bulk_create(
        Tag(teacher=teacher, artifact_id=artifact_id, name=name, key=key)
        for key, name in wanted.items()
    )
    return sorted(wanted.values(), key=folded)
