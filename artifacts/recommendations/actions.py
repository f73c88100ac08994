"""What a teacher can do with recommendations: one verb per function."""

import uuid
from typing import Any

from django.db import transaction

from artifacts.actions import create_artifact
from artifacts.library.queries import refuse_unreadable
from artifacts.models import Artifact
from artifacts.recommendations.models import ItemMark, Mark
from artifacts.recommendations.starter import library, starter
from eduhu.db import now
from eduhu.errors import NotFound
from teachers.models import Teacher


@transaction.atomic
def mark_item(*, teacher: Teacher, item: str, mark: str) -> None:
    """Note that the teacher opened something, or does not want it; a later word counts.

    `item` is the id of an artifact that the teacher may read, or the name of a starter.
    What is kept or dismissed is not only opened again. Raises NotFound.
    """
    row: dict[str, Any] = {"teacher": teacher, "item_id": _item_id(teacher, item)}
    if mark == Mark.OPENED:
        ItemMark.objects.get_or_create(**row, defaults={"mark": mark})
    else:
        ItemMark.objects.update_or_create(**row, defaults={"mark": mark, "marked_at": now()})


@transaction.atomic
def unmark_item(*, teacher: Teacher, item: str) -> None:
    """Recommend something again; doing so again does nothing. Raises NotFound."""
    ItemMark.objects.for_teacher(teacher).filter(item_id=_item_id(teacher, item)).delete()


def _item_id(teacher: Teacher, item: str) -> uuid.UUID:
    if item in library():
        return library()[item].item_id
    try:
        artifact_id = uuid.UUID(item)
    except ValueError as error:
        raise NotFound from error
    refuse_unreadable(teacher, artifact_id)
    return artifact_id


@transaction.atomic
def keep_starter(*, teacher: Teacher, slug: str) -> Artifact:
    """Make an artifact of the teacher's own from a starter. Raises NotFound."""
    found = starter(slug)
    artifact, _created = create_artifact(teacher=teacher, title=found.title, content=found.document)
    mark_item(teacher=teacher, item=slug, mark=Mark.KEPT)
    return artifact
