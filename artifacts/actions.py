"""What a teacher can do with artifacts: one verb per function, one transaction each."""

import uuid
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from artifacts import documents, queries
from artifacts.changes import Change, Patch, differences, patched
from artifacts.documents import Content
from artifacts.exports import Export, export
from artifacts.kinds import TEXT
from artifacts.models import Artifact, ArtifactExport, ArtifactVersion
from artifacts.preconditions import ANY, Expected
from artifacts.sheets import Edition
from chats.models import Chat, Message
from eduhu import events, limits
from eduhu.db import new_id, now
from eduhu.errors import IdTaken, InvalidInput, NotFound, PreconditionFailed
from eduhu.named_queries import named_query
from teachers.models import Teacher

TABLE = "artifacts"


@transaction.atomic
def create_artifact(
    *,
    teacher: Teacher,
    title: str,
    content: Content,
    artifact_type: str | None = None,
    id: uuid.UUID | None = None,
    chat_id: uuid.UUID | None = None,
    message_id: uuid.UUID | None = None,
) -> tuple[Artifact, bool]:
    """Store an artifact. Return it, and whether it is new.

    A document as content says its kind, which decides the type. With a message the
    chat may be left out. With an id of the client's own the call may be repeated.
    Raises NotFound for a chat or message that is not the teacher's or not of that
    chat, IdTaken when the id names anything else, InvalidInput for what the schema
    of its kind refuses.
    """
    wanted: dict[str, Any] = {
        "teacher_id": teacher.pk,
        "title": title,
        **_stored(content, artifact_type),
        "chat_id": _checked_chat(teacher, chat_id, message_id),
        "message_id": message_id,
    }
    artifact, created = Artifact.objects.get_or_create(pk=id or new_id(), defaults=wanted)
    if not created and any(getattr(artifact, name) != value for name, value in wanted.items()):
        raise IdTaken
    if created:
        events.row_changed(teacher.pk, TABLE, artifact.pk)
    return artifact, created


def _checked_chat(
    teacher: Teacher, chat_id: uuid.UUID | None, message_id: uuid.UUID | None
) -> uuid.UUID | None:
    if message_id is not None:
        message = Message.objects.for_teacher(teacher).filter(pk=message_id).first()
        if message is None or chat_id not in (None, message.chat_id):
            raise NotFound
        return message.chat_id
    if chat_id is not None and not Chat.objects.for_teacher(teacher).filter(pk=chat_id).exists():
        raise NotFound
    return chat_id


def _stored(content: Content, artifact_type: str | None) -> dict[str, Any]:
    """Return the columns of some content. Raises InvalidInput."""
    if isinstance(content, str):
        if artifact_type is None:
            raise InvalidInput(errors={"artifact_type": [_("This is missing.")]})
        return {"content": content, "kind": TEXT, "artifact_type": artifact_type}
    kind, canonical = documents.checked(content)
    if artifact_type not in (None, kind.artifact_type):
        fitting = _("This kind belongs to the type: %(type)s.") % {"type": kind.artifact_type}
        raise InvalidInput(errors={"artifact_type": [fitting]})
    return {"content": canonical, "kind": kind.name, "artifact_type": kind.artifact_type}


@transaction.atomic
def update_artifact(
    *,
    teacher: Teacher,
    artifact_id: uuid.UUID,
    expected: Expected = ANY,
    title: str | None = None,
    content: Content | None = None,
    patch: Patch | None = None,
) -> list[Change]:
    """Change title or content, or some parts of a document; return what is different now.

    Text may become a document, a document another one of its type. What an AI made
    keeps its mark. Raises NotFound, PreconditionFailed, and InvalidInput.
    """
    artifact = _locked(teacher, artifact_id, expected)
    before = documents.read(artifact.kind, artifact.content)
    if patch is not None:
        content = _patched(before, patch)
    wanted = {} if content is None else _replaced(artifact, before, content)
    if title is not None:
        wanted["title"] = title
    return _write(artifact, wanted)


def _patched(before: Content, patch: Patch) -> Content:
    if isinstance(before, str):
        text = _("Only documents have parts; please send the whole content.")
        raise InvalidInput(errors={"patch": [text]})
    return patched(before, patch)


def _replaced(artifact: Artifact, before: Content, content: Content) -> dict[str, Any]:
    if isinstance(before, dict):
        if isinstance(content, str):
            text = _("This is a document of the kind %(kind)s; please send it as an object.")
            raise InvalidInput(errors={"content": [text % {"kind": artifact.kind}]})
        if before.get("ai_generated"):
            content = {**content, "ai_generated": True}
    return _stored(content, artifact.artifact_type)


def _write(artifact: Artifact, wanted: dict[str, Any]) -> list[Change]:
    """Store what is different, and return it as people would tell it."""
    different = {name: v for name, v in wanted.items() if getattr(artifact, name) != v}
    if not different:
        return []
    before = {"title": artifact.title, "content": documents.read(artifact.kind, artifact.content)}
    for name, value in different.items():
        setattr(artifact, name, value)
    artifact.save(update_fields=list(different))
    events.row_changed(artifact.teacher_id, TABLE, artifact.pk)
    after = {"title": artifact.title, "content": documents.read(artifact.kind, artifact.content)}
    return differences(before, after)


@transaction.atomic
def restore_artifact(
    *, teacher: Teacher, artifact_id: uuid.UUID, revision: int, expected: Expected = ANY
) -> list[Change]:
    """Make an artifact what it was at `revision`; return what is different now.

    That is a new revision: nothing is lost by it. Raises NotFound, PreconditionFailed.
    """
    artifact = _locked(teacher, artifact_id, expected)
    if revision == artifact.revision:
        return []
    version = ArtifactVersion.objects.filter(artifact=artifact, revision=revision).first()
    if version is None:
        raise NotFound
    return _write(artifact, {name: getattr(version, name) for name in ("title", "content", "kind")})


@transaction.atomic
def delete_artifact(*, teacher: Teacher, artifact_id: uuid.UUID, expected: Expected = ANY) -> None:
    """Delete an artifact for good, and its history. Raises NotFound, PreconditionFailed."""
    _locked(teacher, artifact_id, expected).delete()


def export_artifact(
    *, teacher: Teacher, artifact: queries.Document, format: str, edition: Edition
) -> Export:
    """Make a file of an artifact, as `artifact_to_export` returns it, and note that it was made.

    Raises InvalidInput for a format its kind does not have, and TooManyRequests.
    """
    limits.count("export", str(teacher.pk), settings.EXPORT_RATE)
    file = export(artifact, format, edition, is_ai_made=artifact["is_ai_made"])
    note_exports(teacher=teacher, artifact_ids=[artifact["id"]], format=format, edition=edition)
    return file


@named_query("artifacts.exported")
def note_exports(
    *, teacher: Teacher, artifact_ids: Collection[uuid.UUID], format: str, edition: str
) -> None:
    """Note that a teacher was given files of these artifacts, for the numbers."""
    midnight = localtime(now()).replace(hour=0, minute=0, second=0, microsecond=0)
    earlier = ArtifactExport.objects.for_teacher(teacher).filter(
        artifact_id__in=artifact_ids, exported_at__lt=midnight
    )
    again = set(earlier.values_list("artifact_id", flat=True).distinct())
    ArtifactExport.objects.bulk_create(
        ArtifactExport(
            teacher=teacher,
            artifact_id=artifact_id,
            format=format,
            edition=edition,
            is_again=artifact_id in again,
        )
        for artifact_id in artifact_ids
    )


def _locked(teacher: Teacher, artifact_id: uuid.UUID, expected: Expected) -> Artifact:
    rows = Artifact.objects.for_teacher(teacher).select_for_update(no_key=True)
    artifact = rows.filter(pk=artifact_id).first()
    if artifact is None:
        raise NotFound
    if expected and artifact.revision not in expected:
        raise PreconditionFailed(revision=artifact.revision)
    return artifact
