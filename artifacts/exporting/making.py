"""Making long exports. All may run twice; all may die."""

import datetime as dt
import io
import time
import uuid
import zipfile
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from artifacts.actions import note_exports
from artifacts.exporting.models import LIVE, LongExport, State
from artifacts.exports import TooManyParts, export
from artifacts.library import queries as library
from artifacts.queries import artifact_to_export
from eduhu.db import now
from eduhu.errors import InvalidInput, NotFound
from eduhu.switches import state
from teachers.mail.actions import note_mail

KEPT = dt.timedelta(days=7)
LEASE = dt.timedelta(seconds=120)  # for one file of an archive, or one part of a file
TOLD_EVERY = 1.0  # seconds, within a file
ATTEMPTS_MAX = 3
SECONDS = 100.0  # of one run; what is left waits for the next
SIZE_MAX = 50_000_000  # bytes of a file


class TooLarge(Exception):
    """The file would be larger than is kept."""


class NotWanted(Exception):
    """It was deleted, or somebody else took over: what is made would be for nobody."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file, and what it is of."""

    content: bytes
    artifact_ids: list[uuid.UUID]


def make_due() -> int:
    """Make what is queued, or was left by who died; return how many became ready.

    While exports are switched off it waits: that is looked up before each. None is begun
    after `SECONDS`, as whoever runs tasks would end this one in the middle of it.
    """
    ends_at, ready = time.monotonic() + SECONDS, 0
    while _is_on() and (wanted := _claimed()) is not None:
        ready += _make(wanted)
        if time.monotonic() >= ends_at:
            break
    return ready


def _is_on() -> bool:
    state.load()  # a process of Celery does not follow the switches by itself
    return state.is_feature_on("exports")


def _claimed() -> LongExport | None:
    free = LongExport.objects.filter(LIVE).filter(Q(lease_until=None) | Q(lease_until__lt=now()))
    for pk, attempts in free.order_by("created_at").values_list("pk", "attempts"):
        mine = free.filter(pk=pk, attempts=attempts)
        if attempts >= ATTEMPTS_MAX:  # whoever makes it dies of it
            mine.update(state=State.FAILED, error_code="server_error")
        elif mine.update(state=State.RUNNING, lease_until=now() + LEASE, attempts=attempts + 1):
            found = LongExport.objects.select_related("teacher").filter(pk=pk).first()
            if found is not None:  # it can be deleted in this very moment
                return found
    return None


def _make(wanted: LongExport) -> bool:
    try:
        made = _archive(wanted) if wanted.artifact_id is None else _one(wanted, wanted.artifact_id)
    except NotWanted:
        return False
    except (NotFound, InvalidInput, TooLarge) as error:
        code = "too_large" if isinstance(error, TooLarge | TooManyParts) else "not_found"
        _still_mine(wanted).update(state=State.FAILED, error_code=code, lease_until=None)
        return False
    with transaction.atomic():
        kept = _still_mine(wanted).update(
            state=State.READY, content=made.content, done=F("total"), lease_until=None,
            expires_at=now() + KEPT,
        )  # fmt: skip
        if kept:
            _tell(wanted, made)
            _drop_oldest(wanted)
    return bool(kept)


def _tell(wanted: LongExport, made: Made) -> None:
    """Count it; who asked for an archive has left meanwhile, and gets an e-mail."""
    note_exports(
        teacher=wanted.teacher, artifact_ids=made.artifact_ids, format=wanted.format,
        edition=wanted.edition,
    )  # fmt: skip
    if wanted.artifact_id is None:
        facts = {"name": wanted.name, "days": KEPT.days}
        note_mail(teacher=wanted.teacher, kind="export_ready", key=str(wanted.pk), facts=facts)


def _drop_oldest(wanted: LongExport) -> None:
    """Keep a teacher's newest files only, so that nobody fills the database."""
    ready = LongExport.objects.for_teacher(wanted.teacher).filter(state=State.READY)
    newest_first = ready.order_by("-expires_at", "-id").values_list("pk", flat=True)
    ready.filter(pk__in=list(newest_first[settings.EXPORTS_KEPT :])).delete()


def _still_mine(wanted: LongExport) -> Any:
    """Return the row, unless it was deleted, or somebody else took over."""
    return LongExport.objects.filter(pk=wanted.pk, state=State.RUNNING, attempts=wanted.attempts)


def _note(wanted: LongExport, **progress: int) -> None:
    """Note how far it is, and keep it a while longer. Raises NotWanted."""
    if not _still_mine(wanted).update(lease_until=now() + LEASE, **progress):
        raise NotWanted


def _one(wanted: LongExport, artifact_id: uuid.UUID) -> Made:
    """Return the file of one artifact, as it is now."""
    artifact = artifact_to_export(wanted.teacher, artifact_id)
    _note(wanted, revision=artifact["revision"])
    told_at = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told_at
        if done in (1, total) or time.monotonic() - told_at >= TOLD_EVERY:
            told_at = time.monotonic()
            _note(wanted, done=done, total=total)

    edition: Any = wanted.edition
    is_ai_made = artifact["is_ai_made"]
    file = export(artifact, wanted.format, edition, is_ai_made=is_ai_made, tell=tell)
    if len(file.content) > SIZE_MAX:
        raise TooLarge
    return Made(file.content, [artifact_id])


def _archive(wanted: LongExport) -> Made:
    """Return the files in the order of the collection, as it is now."""
    if wanted.collection_id is None:
        raise NotFound
    items = library.collection_detail(wanted.teacher, wanted.collection_id)["items"]
    _note(wanted, done=0, total=len(items))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, item in enumerate(items, 1):
            artifact = artifact_to_export(wanted.teacher, item["id"])
            edition: Any = wanted.edition
            file = export(artifact, wanted.format, edition, is_ai_made=artifact["is_ai_made"])
            archive.writestr(f"{number:03} {file.name}", file.content)
            if buffer.tell() > SIZE_MAX:
                raise TooLarge
            _note(wanted, done=number)
    return Made(buffer.getvalue(), [item["id"] for item in items])
