"""Recommendations and the starter library over REST."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.preconditions import etag
from artifacts.queries import artifact_detail
from artifacts.recommendations import actions, queries, serializers
from artifacts.serializers import ArtifactOutput
from eduhu.switches.state import refuse_if_off
from teachers.auth import teacher_of
from teachers.idempotency import IDEMPOTENCY_KEY, idempotent


class Recommendations(APIView):
    """What a teacher may want next."""

    @extend_schema(
        operation_id="recommendations",
        parameters=[serializers.RecommendationsQuery],
        responses={200: serializers.RecommendationList},
    )
    def get(self, request: Request) -> Response:
        """Recommend own, shared and starter material, each with its reason; best first."""
        refuse_if_off("recommendations")
        wanted = serializers.RecommendationsQuery(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        found = queries.recommendations(teacher_of(request), **wanted.validated_data)
        return Response({"results": found})


class RecommendedItem(APIView):
    """What a teacher thinks of something recommended; `item` is its `id`."""

    @extend_schema(
        operation_id="recommendations_mark",
        request=serializers.MarkInput,
        responses={204: None},
    )
    def put(self, request: Request, item: str) -> Response:
        """Say that it was opened, or is not wanted; what is kept or dismissed stays so."""
        data = serializers.MarkInput(data=request.data)
        data.is_valid(raise_exception=True)
        actions.mark_item(teacher=teacher_of(request), item=item, **data.validated_data)
        return Response(status=204)

    @extend_schema(operation_id="recommendations_unmark", responses={204: None})
    def delete(self, request: Request, item: str) -> Response:
        """Take that back: it may be recommended again."""
        actions.unmark_item(teacher=teacher_of(request), item=item)
        return Response(status=204)


class StarterList(APIView):
    """The starter library."""

    @extend_schema(
        operation_id="starter_list",
        parameters=[serializers.StarterFilter],
        responses={200: serializers.StarterList},
    )
    def get(self, request: Request) -> Response:
        """List material that everybody may use, in brief."""
        wanted = serializers.StarterFilter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        return Response({"results": queries.starters(**wanted.validated_data)})


class StarterDetail(APIView):
    """One piece of it."""

    @extend_schema(operation_id="starter_get", responses={200: serializers.StarterOutput})
    def get(self, request: Request, slug: str) -> Response:
        """Show the document, and what it looks like on paper."""
        return Response(queries.starter_detail(slug))


class StarterKeep(APIView):
    """Making it one's own."""

    @extend_schema(
        operation_id="starter_keep",
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: ArtifactOutput},
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Keep a copy as an artifact of one's own, to be changed at will."""
        teacher = teacher_of(request)
        artifact = actions.keep_starter(teacher=teacher, slug=slug)
        detail = artifact_detail(teacher, artifact.pk)
        return Response(detail, status=201, headers={"ETag": etag(detail["revision"])})
