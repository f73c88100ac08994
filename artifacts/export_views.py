"""Artifacts as files, over REST."""

import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from artifacts import actions, queries, serializers
from artifacts.exports import FORMATS
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
