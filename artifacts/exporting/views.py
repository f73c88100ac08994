"""Long exports over REST."""

import uuid

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.export_views import AnyAccepted, as_download
from artifacts.exporting import actions
from artifacts.exporting.models import ARCHIVE
from artifacts.exporting.queries import export_detail, export_list
from artifacts.exporting.serializers import ExportInput, ExportList, ExportOutput
from artifacts.exports import FORMATS
from teachers.auth import teacher_of
from teachers.idempotency import IDEMPOTENCY_KEY, idempotent

# An archive, or the file of one artifact.
FILES = {
    (200, each.media_type): OpenApiTypes.BINARY
    for each in (ARCHIVE, *(FORMATS[name] for name in sorted(actions.SLOW)))
}


class Exports(APIView):
    """A teacher's long exports."""

    @extend_schema(operation_id="exports_list", responses={200: ExportList})
    def get(self, request: Request) -> Response:
        """List the newest 50."""
        return Response({"results": export_list(teacher_of(request))})

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
        return Response(export_detail(teacher, wanted.pk), status=202)


class OneExport(APIView):
    """One long export."""

    @extend_schema(operation_id="exports_get", responses={200: ExportOutput})
    def get(self, request: Request, export_id: uuid.UUID) -> Response:
        """Show how far it is."""
        return Response(export_detail(teacher_of(request), export_id))

    @extend_schema(operation_id="exports_delete", responses={204: None})
    def delete(self, request: Request, export_id: uuid.UUID) -> Response:
        """Delete it, also while it is made."""
        actions.delete_export(teacher=teacher_of(request), export_id=export_id)
        return Response(status=204)


class ExportFile(APIView):
    """The file of a long export."""

    content_negotiation_class = AnyAccepted

    @extend_schema(operation_id="exports_file", responses=FILES)
    def get(self, request: Request, export_id: uuid.UUID) -> HttpResponse:
        """Fetch the file; 404 until it is ready, and after seven days."""
        return as_download(actions.fetch(teacher_of(request), export_id))
