"""Artifacts over REST."""

import uuid

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts import actions, cached, queries, serializers
from artifacts.changes import Change
from artifacts.kinds import KINDS
from artifacts.preconditions import IF_MATCH, etag, expected_of
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
        return Response(
            detail,
            status=201 if created else 200,
            headers={"ETag": etag(detail["revision"])},
        )


class ArtifactDetail(APIView):
    """One artifact."""

    @extend_schema(operation_id="artifacts_get", responses={200: serializers.ArtifactOutput})
    def get(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """Show an artifact; its ETag is its revision."""
        revision, detail = cached.artifact_detail(teacher_of(request), artifact_id)
        return Response(detail, headers={"ETag": etag(revision)})

    @extend_schema(
        operation_id="artifacts_change",
        request=serializers.ArtifactChanges,
        parameters=[IF_MATCH],
        responses={200: serializers.ArtifactChanged},
    )
    def patch(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """Change title or content, or parts of a document; the answer says what is different."""
        data = serializers.ArtifactChanges(data=request.data)
        data.is_valid(raise_exception=True)
        changes = actions.update_artifact(
            teacher=teacher_of(request),
            artifact_id=artifact_id,
            expected=expected_of(request),
            **data.validated_data,
        )
        return changed(request, artifact_id, changes)

    @extend_schema(operation_id="artifacts_delete", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """Delete an artifact for good, and its history."""
        expected = expected_of(request, is_required=False)
        actions.delete_artifact(
            teacher=teacher_of(request), artifact_id=artifact_id, expected=expected
        )
        return Response(status=204)


def changed(request: Request, artifact_id: uuid.UUID, changes: list[Change]) -> Response:
    """Answer with an artifact as it is now."""
    detail = queries.artifact_detail(teacher_of(request), artifact_id)
    return Response({**detail, "changes": changes}, headers={"ETag": etag(detail["revision"])})


class KindView(APIView):
    """The kinds of material."""

    @extend_schema(operation_id="artifacts_kinds", responses={200: serializers.KindList})
    def get(self, request: Request) -> Response:
        """List all kinds with the JSON schemas of their documents."""
        names = ("name", "display_name", "artifact_type", "risk", "version", "schema")
        kinds = [{name: getattr(kind, name) for name in names} for kind in KINDS.values()]
        return Response({"results": kinds})
