"""Artifacts over REST."""

import uuid

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts import actions, cached, queries, serializers
from eduhu.pages import PageRequest
from teachers.auth import teacher_of
from teachers.idempotency import IDEMPOTENCY_KEY, idempotent

LIMIT = OpenApiParameter("limit", int, description="Rows per page; larger values are capped.")
CURSOR = OpenApiParameter("cursor", str, description="From `next`; not to be made by hand.")


class ArtifactList(APIView):
    """A teacher's artifacts."""

    @extend_schema(
        operation_id="artifacts_list",
        parameters=[LIMIT, CURSOR, serializers.ArtifactFilter],
        responses={200: serializers.ArtifactPage},
    )
    def get(self, request: Request) -> Response:
        """List artifacts, newest first; 50 a page, at most 200."""
        page = PageRequest.from_query(
            request.query_params, default=cached.ARTIFACTS_A_PAGE, maximum=200
        )
        wanted = serializers.ArtifactFilter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        found = cached.artifact_page(teacher_of(request), page, **wanted.validated_data)
        return Response(found.answer(request))

    @extend_schema(
        operation_id="artifacts_create",
        request=serializers.ArtifactInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: serializers.ArtifactOutput, 200: serializers.ArtifactOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Store an artifact; repeating it with the same id is a success."""
        data = serializers.ArtifactInput(data=request.data)
        data.is_valid(raise_exception=True)
        artifact, created = actions.create_artifact(
            teacher=teacher_of(request), **data.validated_data
        )
        detail = queries.artifact_detail(teacher_of(request), artifact.pk)
        return Response(detail, status=201 if created else 200)


class ArtifactDetail(APIView):
    """One artifact."""

    @extend_schema(operation_id="artifacts_get", responses={200: serializers.ArtifactOutput})
    def get(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """Show an artifact."""
        return Response(cached.artifact_detail(teacher_of(request), artifact_id))

    @extend_schema(
        operation_id="artifacts_change",
        request=serializers.ArtifactChanges,
        responses={200: serializers.ArtifactOutput},
    )
    def patch(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """Change title or content."""
        data = serializers.ArtifactChanges(data=request.data)
        data.is_valid(raise_exception=True)
        actions.update_artifact(
            teacher=teacher_of(request), artifact_id=artifact_id, **data.validated_data
        )
        return Response(queries.artifact_detail(teacher_of(request), artifact_id))

    @extend_schema(operation_id="artifacts_delete", responses={204: None})
    def delete(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """Delete an artifact for good."""
        actions.delete_artifact(teacher=teacher_of(request), artifact_id=artifact_id)
        return Response(status=204)
