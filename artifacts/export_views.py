"""Artifacts as files, over REST."""

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from artifacts import queries, serializers
from artifacts.exports import FORMATS, export
from artifacts.preconditions import etag
from eduhu import limits
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
        teacher = teacher_of(request)
        artifact = queries.artifact_to_export(teacher, artifact_id)
        limits.count("export", str(teacher.pk), settings.EXPORT_RATE)
        file = export(
            artifact,
            wanted.validated_data["format"],
            wanted.validated_data["edition"],
            is_ai_made=artifact["is_ai_made"],
        )
        return HttpResponse(
            file.content,
            content_type=file.media_type,
            headers={
                "Content-Disposition": file.disposition,
                "ETag": etag(artifact["revision"]),
                "Cache-Control": "private, no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )
