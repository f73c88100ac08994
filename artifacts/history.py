"""What an artifact was, over REST."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts import actions, queries, serializers
from artifacts.changes import differences
from artifacts.preconditions import IF_MATCH, expected_of
from artifacts.views import changed
from teachers.auth import teacher_of


class VersionList(APIView):
    """The versions of an artifact."""

    @extend_schema(operation_id="artifacts_versions", responses={200: serializers.VersionList})
    def get(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """List what an artifact is and was, newest first; the last 50 changes are kept."""
        return Response({"results": queries.artifact_versions(teacher_of(request), artifact_id)})


class VersionDetail(APIView):
    """One version of an artifact."""

    @extend_schema(operation_id="artifacts_version", responses={200: serializers.VersionOutput})
    def get(self, request: Request, artifact_id: uuid.UUID, revision: int) -> Response:
        """Show an artifact as it was at a revision."""
        return Response(queries.artifact_version(teacher_of(request), artifact_id, revision))


class Diff(APIView):
    """The difference between two versions."""

    @extend_schema(
        operation_id="artifacts_diff",
        parameters=[serializers.DiffQuery],
        responses={200: serializers.DiffOutput},
    )
    def get(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """Say part by part what is different from one revision to another."""
        wanted = serializers.DiffQuery(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        teacher, revisions = teacher_of(request), wanted.validated_data
        before = queries.artifact_version(teacher, artifact_id, revisions["from"])
        if "to" in revisions:
            after = queries.artifact_version(teacher, artifact_id, revisions["to"])
        else:
            after = queries.artifact_detail(teacher, artifact_id)
        one, other = ({n: each[n] for n in ("title", "content")} for each in (before, after))
        return Response({"changes": differences(one, other)})


class Restore(APIView):
    """Bringing a version back."""

    @extend_schema(
        operation_id="artifacts_restore",
        request=serializers.RestoreInput,
        parameters=[IF_MATCH],
        responses={200: serializers.ArtifactChanged},
    )
    def post(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """Make an artifact again what it was at a revision; that is a new revision."""
        data = serializers.RestoreInput(data=request.data)
        data.is_valid(raise_exception=True)
        changes = actions.restore_artifact(
            teacher=teacher_of(request),
            artifact_id=artifact_id,
            expected=expected_of(request),
            **data.validated_data,
        )
        return changed(request, artifact_id, changes)
