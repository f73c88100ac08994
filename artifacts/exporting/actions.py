"""Asking for long exports, making them, and forgetting them. All may run twice; all may die."""

import datetime as dt
import io
import logging
import uuid
import zipfile
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from artifacts.actions import note_exports
from artifacts.exporting.models import Export, State
from artifacts.exports import Format, export, file_name
from artifacts.library import queries as library
from artifacts.queries import artifact_to_export
from eduhu import limits
from eduhu.celery import wake
from eduhu.db import now
from eduhu.errors import InvalidInput, NotFound, TooManyRequests
from eduhu.switches import state
from teachers.mail.actions import note_mail
from teachers.models import Teacher

logger = logging.getLogger(__name__)

KEPT = dt.timedelta(days=7)
LEASE = dt.timedelta(seconds=120)  # for one file
ATTEMPTS_MAX = 3
LIVE_MAX = 3  # of one teacher
SIZE_MAX = 50_000_000  # bytes of an archive
ARCHIVE = Format("application/zip", "zip")
LIVE = Q(state__in=[State.QUEUED, State.RUNNING])


class TooLarge(Exception):
    """The archive would be larger than is kept."""


@transaction.atomic
def ask_for_export(
    *, teacher: Teacher, collection_id: uuid.UUID, format: str, edition: str
) -> Export:
    """Queue an archive with a file for each artifact of a collection, own or shared.

    Raises NotFound, InvalidInput for an empty collection, TooManyRequests, FeatureOff.
    """
    state.refuse_if_off("exports")
    collection = library.collection_detail(teacher, collection_id)
    if not collection["items"]:
        raise InvalidInput(errors={"collection_id": [_("This collection is empty.")]})
    Teacher.objects.select_for_update(no_key=True).get(pk=teacher.pk)
    if Export.objects.for_teacher(teacher).filter(LIVE).count() >= LIVE_MAX:
        raise TooManyRequests(retry_after=30)
    limits.count("export", str(teacher.pk), settings.EXPORT_RATE)
    wanted = Export.objects.create(
        teacher=teacher,
        collection_id=collection_id,
        name=collection["name"],
        format=format,
        edition=edition,
        total=len(collection["items"]),
    )
    transaction.on_commit(_wake, robust=True)
    return wanted


def _wake() -> None:
    from artifacts.exporting.tasks import make_exports  # which imports this

    wake(make_exports)


def make_due() -> int:
    """Make what is queued, or was left by who died; return how many became ready.

    While exports are switched off it waits: that is looked up before each.
    """
    ready = 0
    while _is_on() and (wanted := _claimed()) is not None:
        ready += _make(wanted)
    return ready


def _is_on() -> bool:
    state.load()  # a process of Celery does not follow the switches by itself
    return state.is_feature_on("exports")


def _claimed() -> Export | None:
    free = Export.objects.filter(LIVE).filter(Q(lease_until=None) | Q(lease_until__lt=now()))
    for pk, attempts in free.order_by("created_at").values_list("pk", "attempts"):
        mine = free.filter(pk=pk, attempts=attempts)
        if attempts >= ATTEMPTS_MAX:  # whoever makes it dies of it
            mine.update(state=State.FAILED, error_code="server_error")
        elif mine.update(state=State.RUNNING, lease_until=now() + LEASE, attempts=attempts + 1):
            return Export.objects.select_related("teacher").get(pk=pk)
    return None


def _make(wanted: Export) -> bool:
    try:
        content, artifact_ids = _archive(wanted)
    except (NotFound, InvalidInput, TooLarge) as error:
        code = "too_large" if isinstance(error, TooLarge) else "not_found"
        _still_mine(wanted).update(state=State.FAILED, error_code=code, lease_until=None)
        return False
    with transaction.atomic():
        kept = _still_mine(wanted).update(
            state=State.READY, content=content, done=F("total"), lease_until=None,
            expires_at=now() + KEPT,
        )  # fmt: skip
        if kept:
            note_exports(
                teacher=wanted.teacher, artifact_ids=artifact_ids, format=wanted.format,
                edition=wanted.edition,
            )  # fmt: skip
            facts = {"name": wanted.name, "days": KEPT.days}
            note_mail(teacher=wanted.teacher, kind="export_ready", key=str(wanted.pk), facts=facts)
    return bool(kept)


def _still_mine(wanted: Export) -> Any:
    """Return the row, unless it was deleted, or somebody else took over."""
    return Export.objects.filter(pk=wanted.pk, state=State.RUNNING, attempts=wanted.attempts)


def _archive(wanted: Export) -> tuple[bytes, list[uuid.UUID]]:
    """Return the files in the order of the collection, as it is now, and of what they are."""
    items = library.collection_detail(wanted.teacher, wanted.collection_id)["items"]
    _still_mine(wanted).update(total=len(items), done=0)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, item in enumerate(items, 1):
            artifact = artifact_to_export(wanted.teacher, item["id"])
            edition: Any = wanted.edition
            file = export(artifact, wanted.format, edition, is_ai_made=artifact["is_ai_made"])
            archive.writestr(f"{number:03} {file.name}", file.content)
            if buffer.tell() > SIZE_MAX:
                raise TooLarge
            _still_mine(wanted).update(done=number, lease_until=now() + LEASE)
    return buffer.getvalue(), [item["id"] for item in items]


def fetch(teacher: Teacher, export_id: uuid.UUID) -> tuple[str, bytes]:
    """Return the name and the bytes of an archive.

    Raises NotFound unless it is ready, and once the teacher may not read the collection any
    more: the end of a share takes effect at once, here as well.
    """
    ready = Export.objects.for_teacher(teacher).filter(
        pk=export_id, state=State.READY, expires_at__gt=now()
    )
    row = ready.values_list("collection_id", "name", "content").first()
    collection_id, name, content = row or (None, "", None)
    if collection_id is None or content is None:
        raise NotFound
    library.refuse_unreadable_collection(teacher, collection_id)
    return f"{file_name(name)}.{ARCHIVE.suffix}", bytes(content)


@transaction.atomic
def delete_export(*, teacher: Teacher, export_id: uuid.UUID) -> None:
    """Delete an export, whatever its state: who makes it finds it gone. Raises NotFound."""
    if not Export.objects.for_teacher(teacher).filter(pk=export_id).delete()[0]:
        raise NotFound


def forget_old() -> int:
    """Delete what has expired, and what failed as long ago; return how many."""
    failed = Q(state=State.FAILED, created_at__lt=now() - KEPT)
    return Export.objects.filter(Q(expires_at__lt=now()) | failed).delete()[0]
