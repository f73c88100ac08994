"""Asking for long exports, fetching them, and forgetting them."""

import uuid

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from artifacts.exporting.making import KEPT
from artifacts.exporting.models import LIVE, LongExport, State
from artifacts.exports import Export as File
from artifacts.exports import file_name, too_large
from artifacts.library import queries as library
from artifacts.queries import Document
from eduhu import limits
from eduhu.celery import wake
from eduhu.db import now
from eduhu.errors import InvalidInput, NotFound, TooManyRequests
from eduhu.switches import state
from teachers.models import Teacher

LIVE_MAX = 3  # of one teacher
SLOW = {"docx", "pdf"}  # formats that take a second for a hundred pages; others take none
CELL = 20  # characters of text are made as fast as one cell of a table


def is_long(artifact: Document, format: str) -> bool:
    """Whether a file of this artifact, from `artifact_to_export`, is better not waited for."""
    if format not in SLOW:
        return False
    content = artifact["content"]
    cells = content.count("|") if isinstance(content, str) else 0
    worth: int = artifact["length"] + CELL * cells
    return worth > settings.LONG_EXPORT_CHARACTERS


@transaction.atomic
def ask_for_export(
    *, teacher: Teacher, collection_id: uuid.UUID, format: str, edition: str
) -> LongExport:
    """Queue an archive with a file for each artifact of a collection, own or shared.

    Raises NotFound, InvalidInput for an empty collection, TooManyRequests, FeatureOff.
    """
    state.refuse_if_off("exports")
    collection = library.collection_detail(teacher, collection_id)
    if not collection["items"]:
        raise InvalidInput(errors={"collection_id": [_("This collection is empty.")]})
    _lock(teacher)
    return _queued(
        teacher,
        collection_id=collection_id,
        name=collection["name"],
        format=format,
        edition=edition,
        total=len(collection["items"]),
    )


@transaction.atomic
def ask_for_file(
    *, teacher: Teacher, artifact: Document, format: str, edition: str
) -> File | LongExport:
    """Return the file of a long artifact if it is there, else what makes it.

    Asking again while it is made queues nothing, so that a client may simply repeat itself.
    Raises TooManyRequests, FeatureOff, and TooManyParts where it has proved too large.
    """
    state.refuse_if_off("exports")
    _lock(teacher)
    asked = LongExport.objects.for_teacher(teacher).filter(
        artifact_id=artifact["id"], format=format, edition=edition
    )
    made = asked.ready().filter(revision=artifact["revision"]).first()
    if made is not None:
        return _file(made)
    if asked.filter(error_code="too_large", revision=artifact["revision"]).exists():
        raise too_large()  # it would be each time, and a client that repeats itself never know
    name = artifact["title"][: LongExport._meta.get_field("name").max_length]
    return asked.filter(LIVE).first() or _queued(
        teacher, artifact_id=artifact["id"], name=name, format=format, edition=edition
    )


def _lock(teacher: Teacher) -> None:
    """Let one of a teacher's requests at a time count what there is."""
    Teacher.objects.select_for_update(no_key=True).get(pk=teacher.pk)


def _queued(teacher: Teacher, **wanted: object) -> LongExport:
    if LongExport.objects.for_teacher(teacher).filter(LIVE).count() >= LIVE_MAX:
        raise TooManyRequests(retry_after=30)
    limits.count("export", str(teacher.pk), settings.EXPORT_RATE)
    queued = LongExport.objects.create(teacher=teacher, **wanted)
    transaction.on_commit(_wake, robust=True)
    return queued


def _wake() -> None:
    from artifacts.exporting.tasks import make_exports  # which imports this

    wake(make_exports)


def fetch(teacher: Teacher, export_id: uuid.UUID) -> File:
    """Return the file of a long export.

    Raises NotFound unless it is ready, and once the teacher may not read the collection or
    the artifact any more: the end of a share takes effect at once, here as well.
    """
    made = LongExport.objects.for_teacher(teacher).ready().filter(pk=export_id).first()
    if made is None:
        raise NotFound
    if made.artifact_id is not None:
        library.refuse_unreadable(teacher, made.artifact_id)
    elif made.collection_id is not None:
        library.refuse_unreadable_collection(teacher, made.collection_id)
    return _file(made)


def _file(made: LongExport) -> File:
    kind = made.file_format
    return File(
        bytes(made.content or b""), kind.media_type, f"{file_name(made.name)}.{kind.suffix}"
    )


@transaction.atomic
def delete_export(*, teacher: Teacher, export_id: uuid.UUID) -> None:
    """Delete an export, whatever its state: who makes it finds it gone. Raises NotFound."""
    if not LongExport.objects.for_teacher(teacher).filter(pk=export_id).delete()[0]:
        raise NotFound


def forget_old() -> int:
    """Delete what has expired, and what failed as long ago; return how many."""
    failed = Q(state=State.FAILED, created_at__lt=now() - KEPT)
    return LongExport.objects.filter(Q(expires_at__lt=now()) | failed).delete()[0]
