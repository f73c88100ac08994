"""Reads of artifacts, in the form the API shows them."""

import uuid
from collections.abc import Collection
from typing import Any

from artifacts.models import Artifact
from eduhu.db import epoch_ms
from eduhu.errors import NotFound
from eduhu.mirror.documents import to_document
from eduhu.named_queries import named_query
from eduhu.pages import PageRequest, newest_first, split
from teachers.models import Teacher

Document = dict[str, Any]  # a row as JSON shows it

ARTIFACT_FIELDS = (
    "id", "chat_id", "message_id", "title", "content", "artifact_type", "created_at", "teacher_id",
)  # fmt: skip


def artifact_document(row: Document) -> Document:
    """Show the values of an artifact."""
    return {**row, "created_at": epoch_ms(row["created_at"])}


@named_query("artifacts.page")
def artifact_page(
    teacher: Teacher,
    page: PageRequest,
    *,
    artifact_type: str | None = None,
    chat_id: uuid.UUID | None = None,
) -> tuple[list[Document], str | None]:
    """Return a page of a teacher's artifacts, newest first, and the cursor to the next."""
    wanted = {"artifact_type": artifact_type, "chat_id": chat_id}
    filters = {name: value for name, value in wanted.items() if value is not None}
    artifacts = Artifact.objects.for_teacher(teacher).filter(**filters)
    rows = list(newest_first(artifacts, page, time_field="created_at").values(*ARTIFACT_FIELDS))
    rows, cursor = split(rows, page, time_field="created_at")
    return [artifact_document(row) for row in rows], cursor


@named_query("artifacts.row")
def artifact_row(teacher: Teacher, artifact_id: uuid.UUID) -> Document | None:
    """Return one artifact, or None when it is not there."""
    artifacts = Artifact.objects.for_teacher(teacher).filter(pk=artifact_id)
    row = artifacts.values(*ARTIFACT_FIELDS).first()
    return artifact_document(dict(row)) if row is not None else None


def artifact_detail(teacher: Teacher, artifact_id: uuid.UUID) -> Document:
    """Return one artifact. Raises NotFound."""
    document = artifact_row(teacher, artifact_id)
    if document is None:
        raise NotFound
    return document


@named_query("mirror.artifacts")
def mirrored_artifacts(ids: Collection[uuid.UUID]) -> list[Document]:
    """Return the artifacts there are, as InstantDB holds them."""
    rows = Artifact.objects.filter(pk__in=ids).values(*ARTIFACT_FIELDS)
    return [to_document(row) for row in rows]
