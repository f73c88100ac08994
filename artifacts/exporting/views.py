"""Long exports over REST."""

import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.export_views import AnyAccepted
from artifacts.exporting import actions
from artifacts.exporting.models import Export, State
from artifacts.exports import Export as File
from eduhu.db import epoch_ms
from eduhu.errors import NotFound
from eduhu.fields import IdField
from eduhu.named_queries import named_query
from teachers.auth import teacher_of
from teachers.idempotency import IDEMPOTENCY_KEY, idempotent
from teachers.models import Teacher

Data = dict[str, Any]
LISTED = 50


class ExportInput(serializers.Serializer[Data]):
    """Which collection, and as which files."""

    collection_id = IdField()
    format = serializers.ChoiceField(choices=["docx", "pdf", "md"])
    edition = serializers.ChoiceField(
        required=False, choices=["teacher", "pupil"], default="teacher"
    )


class ExportOutput(serializers.Serializer[Data]):
    """How far an export is; `done` of `total` files. Times are milliseconds since 1970."""

    id = serializers.UUIDField()
    collection_id = serializers.UUIDField()
    name = serializers.CharField()
    format = serializers.CharField()
    edition = serializers.CharField()
    state = serializers.ChoiceField(choices=State.choices)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    error_code = serializers.CharField(allow_blank=True)
    created_at = serializers.IntegerField()
    expires_at = serializers.IntegerField(allow_null=True)


class ExportList(serializers.Serializer[Data]):
    """The newest exports."""

    results = ExportOutput(many=True)


_SHOWN = (
    "id", "collection_id", "name", "format", "edition", "state", "done", "total", "error_code",
    "created_at", "expires_at",
)  # fmt: skip


@named_query("exports.list")
def _listed(teacher: Teacher, **which: Any) -> list[Data]:
    rows = Export.objects.for_teacher(teacher).filter(**which).order_by("-created_at")
    return [
        {
            **row,
            "created_at": epoch_ms(row["created_at"]),
            "expires_at": epoch_ms(row["expires_at"]) if row["expires_at"] else None,
        }
        for row in map(dict, rows.values(*_SHOWN)[:LISTED])
    ]


def _shown(teacher: Teacher, export_id: uuid.UUID) -> Data:
    found = _listed(teacher, pk=export_id)
    if not found:
        raise NotFound
    return found[0]


class Exports(APIView):
    """A teacher's long exports."""

    @extend_schema(operation_id="exports_list", responses={200: ExportList})
    def get(self, request: Request) -> Response:
        """List the newest 50."""
        return Response({"results": _listed(teacher_of(request))})

    @extend_schema(
        operation_id="exports_create",
        request=ExportInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: ExportOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Have all files of a collection made; an e-mail tells when they are ready."""
        data = ExportInput(data=request.data)
        data.is_valid(raise_exception=True)
        teacher = teacher_of(request)
        wanted = actions.ask_for_export(teacher=teacher, **data.validated_data)
        return Response(_shown(teacher, wanted.pk), status=202)


class OneExport(APIView):
    """One long export."""

    @extend_schema(operation_id="exports_get", responses={200: ExportOutput})
    def get(self, request: Request, export_id: uuid.UUID) -> Response:
        """Show how far it is."""
        return Response(_shown(teacher_of(request), export_id))

    @extend_schema(operation_id="exports_delete", responses={204: None})
    def delete(self, request: Request, export_id: uuid.UUID) -> Response:
        """Delete it, also while it is made."""
        actions.delete_export(teacher=teacher_of(request), export_id=export_id)
        return Response(status=204)


class ExportFile(APIView):
    """The file of a long export."""

    content_negotiation_class = AnyAccepted

    @extend_schema(
        operation_id="exports_file", responses={(200, "application/zip"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, export_id: uuid.UUID) -> HttpResponse:
        """Fetch the archive; 404 until it is ready, and after seven days."""
        name, content = actions.fetch(teacher_of(request), export_id)
        return HttpResponse(
            content,
            content_type=actions.ARCHIVE.media_type,
            headers={
                "Content-Disposition": File(b"", "", name).disposition,
                "Cache-Control": "private, no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )
