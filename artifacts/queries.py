"""Reads of artifacts, in the form the API shows them."""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import F

from artifacts import documents
from artifacts.models import Artifact, ArtifactVersion
from artifacts.readable import first_readable
from chats.models import Role
from eduhu.db import epoch_ms
from eduhu.errors import NotFound
from eduhu.mirror.documents import to_document
from eduhu.named_queries import named_query
from eduhu.pages import PageRequest, newest_first, split
from teachers.models import Teacher

Document = dict[str, Any]  # a row as JSON shows it

MIRRORED_FIELDS = (
    "id", "chat_id", "message_id", "title", "content", "artifact_type", "created_at", "teacher_id",
)  # fmt: skip
ARTIFACT_FIELDS = (*MIRRORED_FIELDS, "kind", "revision", "changed_at")
VERSION_FIELDS = ("revision", "title", "kind", "created_at")


def artifact_document(row: Document) -> Document:
    """Show the values of an artifact."""
    changed_at = row["changed_at"]
    return {
        **row,
        "content": documents.read(row["kind"], row["content"]),
        "created_at": epoch_ms(row["created_at"]),
        "changed_at": None if changed_at is None else epoch_ms(changed_at),
    }


@named_query("artifacts.page")
def artifact_page(
    teacher: Teacher,
    page: PageRequest,
    *,
    artifact_type: str | None = None,
    kind: str | None = None,
    chat_id: uuid.UUID | None = None,
) -> tuple[list[Document], str | None]:
    """Return a page of a teacher's artifacts, newest first, and the cursor to the next."""
    wanted = {"artifact_type": artifact_type, "kind": kind, "chat_id": chat_id}
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


@named_query("artifacts.shared")
def shared_artifact(teacher: Teacher, artifact_id: uuid.UUID) -> Document:
    """Return an artifact that its owner lets `teacher` read. Raises NotFound.

    Never cached, so that the end of a share is seen at once. The chat it came from is
    its owner's business.
    """
    artifacts = Artifact.objects.shared_with(teacher).filter(pk=artifact_id)
    row = artifacts.values(*ARTIFACT_FIELDS).first()
    if row is None:
        raise NotFound
    return artifact_document({**row, "chat_id": None, "message_id": None})


@named_query("artifacts.export")
def artifact_to_export(teacher: Teacher, artifact_id: uuid.UUID) -> Document:
    """Return an artifact, own or shared; whether an AI made it, and how long it is.

    Raises NotFound.
    """
    role = F("message__role")
    row = first_readable(Artifact.objects, teacher, artifact_id, *ARTIFACT_FIELDS, role=role)
    if row is None:
        raise NotFound
    is_answer = row.pop("role") == Role.ASSISTANT
    length, document = len(row["content"]), artifact_document(row)
    content = document["content"]
    says_so = isinstance(content, dict) and content.get("ai_generated", False)
    return {**document, "is_ai_made": is_answer or says_so, "length": length}


@named_query("artifacts.versions")
def artifact_versions(teacher: Teacher, artifact_id: uuid.UUID) -> list[Document]:
    """Return what an artifact is and was, newest first, without contents. Raises NotFound."""
    current = artifact_detail(teacher, artifact_id)
    rows = ArtifactVersion.objects.filter(artifact_id=artifact_id).order_by("-revision")
    became = current["changed_at"] or current["created_at"]
    newest = {name: current[name] for name in VERSION_FIELDS} | {"created_at": became}
    return [newest, *(_version(row) for row in rows.values(*VERSION_FIELDS))]


def artifact_version(teacher: Teacher, artifact_id: uuid.UUID, revision: int) -> Document:
    """Return an artifact as it is or was, by its revision. Raises NotFound."""
    current = artifact_detail(teacher, artifact_id)
    if current["revision"] == revision:
        became = current["changed_at"] or current["created_at"]
        names = (*VERSION_FIELDS, "content")
        return {name: current[name] for name in names} | {"created_at": became}
    row = version_row(artifact_id, revision)
    if row is None:
        raise NotFound
    return row


@named_query("artifacts.version")
def version_row(artifact_id: uuid.UUID, revision: int) -> Document | None:
    """Return what an artifact was, or None where that is not kept."""
    rows = ArtifactVersion.objects.filter(artifact_id=artifact_id, revision=revision)
    row = rows.values(*VERSION_FIELDS, "content").first()
    return _version(row) if row is not None else None


def _version(row: Mapping[str, Any]) -> Document:
    shown = {**row, "created_at": epoch_ms(row["created_at"])}
    if "content" in row:
        shown["content"] = documents.read(row["kind"], row["content"])
    return shown


@named_query("mirror.artifacts")
def mirrored_artifacts(ids: Collection[uuid.UUID]) -> list[Document]:
    """Return the artifacts there are, as InstantDB holds them."""
    rows = Artifact.objects.filter(pk__in=ids).values(*MIRRORED_FIELDS)
    return [to_document(row) for row in rows]
