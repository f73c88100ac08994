"""What a teacher can do with artifacts: one verb per function, one transaction each."""

import uuid
from typing import Any

from django.db import transaction

from artifacts.models import Artifact
from chats.models import Chat, Message
from eduhu import events
from eduhu.db import new_id
from eduhu.errors import IdTaken, NotFound
from teachers.models import Teacher

TABLE = "artifacts"


@transaction.atomic
def create_artifact(
    *,
    teacher: Teacher,
    title: str,
    content: str,
    artifact_type: str,
    id: uuid.UUID | None = None,
    chat_id: uuid.UUID | None = None,
    message_id: uuid.UUID | None = None,
) -> tuple[Artifact, bool]:
    """Store an artifact. Return it, and whether it is new.

    With a message the chat may be left out. With an id of the client's own the call
    may be repeated. Raises NotFound for a chat or message that is not the teacher's
    or not of that chat, IdTaken when the id names anything else.
    """
    wanted: dict[str, Any] = {
        "teacher_id": teacher.pk,
        "title": title,
        "content": content,
        "artifact_type": artifact_type,
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


@transaction.atomic
def update_artifact(*, teacher: Teacher, artifact_id: uuid.UUID, **changes: Any) -> None:
    """Change title or content. Raises NotFound."""
    artifact = _locked(teacher, artifact_id)
    for name, value in changes.items():
        setattr(artifact, name, value)
    if changes:
        artifact.save(update_fields=list(changes))
        events.row_changed(teacher.pk, TABLE, artifact_id)


@transaction.atomic
def delete_artifact(*, teacher: Teacher, artifact_id: uuid.UUID) -> None:
    """Delete an artifact for good. Raises NotFound."""
    _locked(teacher, artifact_id).delete()


def _locked(teacher: Teacher, artifact_id: uuid.UUID) -> Artifact:
    rows = Artifact.objects.for_teacher(teacher).select_for_update(no_key=True)
    artifact = rows.filter(pk=artifact_id).first()
    if artifact is None:
        raise NotFound
    return artifact
