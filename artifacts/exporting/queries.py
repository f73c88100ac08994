"""Reads of long exports, in the form the API shows them; never their files."""

import uuid
from collections.abc import Mapping
from typing import Any

from artifacts.exporting.models import LongExport
from eduhu.db import epoch_ms
from eduhu.errors import NotFound
from eduhu.named_queries import named_query
from teachers.models import Teacher

Document = dict[str, Any]  # a row as JSON shows it
LISTED = 50

_SHOWN = (
    "id", "collection_id", "artifact_id", "name", "format", "edition", "state", "done", "total",
    "error_code", "created_at", "expires_at",
)  # fmt: skip


@named_query("exports.list")
def export_list(teacher: Teacher, **which: Any) -> list[Document]:
    """Return a teacher's newest long exports."""
    rows = LongExport.objects.for_teacher(teacher).filter(**which).order_by("-created_at")
    return [_document(row) for row in rows.values(*_SHOWN)[:LISTED]]


def export_detail(teacher: Teacher, export_id: uuid.UUID) -> Document:
    """Return one long export. Raises NotFound."""
    found = export_list(teacher, pk=export_id)
    if not found:
        raise NotFound
    return found[0]


def shown(export: LongExport) -> Document:
    """Show a long export that is at hand."""
    return _document({name: getattr(export, name) for name in _SHOWN})


def _document(row: Mapping[str, Any]) -> Document:
    expires_at = row["expires_at"]
    return {
        **row,
        "created_at": epoch_ms(row["created_at"]),
        "expires_at": None if expires_at is None else epoch_ms(expires_at),
    }
