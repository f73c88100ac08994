"""Artifacts as they are read: as files, and on a screen."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts import actions, queries, serializers
from artifacts.exporting import actions as long_exports
from artifacts.exporting.models import LongExport
from artifacts.exporting.queries import shown
from artifacts.exporting.serializers import ExportOutput
from artifacts.exports import FORMATS, preview
from artifacts.exports import Export as File
from artifacts.preconditions import etag
from eduhu.switches.state import refuse_if_off
from teachers.auth import teacher_of


class AnyAccepted(BaseContentNegotiation):
    """The query says the format; `Accept` and DRF's own `format` have no say."""

    def select_parser(self, request: Request, parsers: object) -> None:
        """Read no body."""
        return

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """Render errors as everywhere."""
        first = next(iter(renderers))
        return first, first.media_type


class Preview(APIView):
    """An artifact to be read on a screen."""

    @extend_schema(
        operation_id="artifacts_preview",
        parameters=[serializers.PreviewQuery],
        responses={200: serializers.PreviewOutput},
    )
    def get(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """Show an artifact as Markdown, as its files show it."""
        wanted = serializers.PreviewQuery(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        artifact = queries.artifact_to_export(teacher_of(request), artifact_id)
        revision, is_ai_made = artifact["revision"], artifact["is_ai_made"]
        markdown = preview(artifact, wanted.validated_data["edition"])
        return Response(
            {"revision": revision, "is_ai_made": is_ai_made, "markdown": markdown},
            headers={"ETag": etag(revision)},
        )


class Export(APIView):
    """An artifact as a file."""

    content_negotiation_class = AnyAccepted

    @extend_schema(
        operation_id="artifacts_export",
        parameters=[serializers.ExportQuery],
        responses={
            **{(200, each.media_type): OpenApiTypes.BINARY for each in FORMATS.values()},
            202: ExportOutput,
        },
    )
    def get(self, request: Request, artifact_id: uuid.UUID) -> HttpResponse:
        """Return an artifact as a file to print, to go on writing, or to import elsewhere.

        What takes longer is made meanwhile: 202 names the export that tells how far it is
        (`Location`). Asking again returns the same, and at last the file.
        """
        refuse_if_off("exports")
        query = serializers.ExportQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        teacher, wanted = teacher_of(request), query.validated_data
        artifact = queries.artifact_to_export(teacher, artifact_id)
        if long_exports.is_long(artifact, wanted["format"]):
            found = long_exports.ask_for_file(teacher=teacher, artifact=artifact, **wanted)
        else:
            found = actions.export_artifact(teacher=teacher, artifact=artifact, **wanted)
        if isinstance(found, LongExport):
            where = reverse("export-one", args=[found.pk])
            return Response(
                shown(found), status=202, headers={"Location": where, "Retry-After": "1"}
            )
        return as_download(found, ETag=etag(artifact["revision"]))


def as_download(file: File, **headers: str) -> HttpResponse:
    """Answer with a file that is kept, not shown, and by nobody else."""
    return HttpResponse(
        file.content,
        content_type=file.media_type,
        headers={
            "Content-Disposition": file.disposition,
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
            **headers,
        },
    )
