"""Artifacts as they are read: as files, and on a screen."""

import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts import actions, queries, serializers
from artifacts.exports import FORMATS, preview
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
        responses={(200, each.media_type): OpenApiTypes.BINARY for each in FORMATS.values()},
    )
    def get(self, request: Request, artifact_id: uuid.UUID) -> HttpResponse:
        """Return an artifact as a file to print, to go on writing, or to import elsewhere."""
        refuse_if_off("exports")
        wanted = serializers.ExportQuery(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        revision, file = actions.export_artifact(
            teacher=teacher_of(request), artifact_id=artifact_id, **wanted.validated_data
        )
        return HttpResponse(
            file.content,
            content_type=file.media_type,
            headers={
                "Content-Disposition": file.disposition,
                "ETag": etag(revision),
                "Cache-Control": "private, no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )
