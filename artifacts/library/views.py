"""The library over REST: finding material, marking it, and searching everything."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.library import actions, queries, serializers
from artifacts.library.search.find import SOURCES
from artifacts.library.search.results import search
from artifacts.views import CURSOR, LIMIT
from eduhu.pages import PageRequest, next_url
from teachers.auth import teacher_of

ITEMS_A_PAGE = 50


class Library(APIView):
    """What a teacher has, and may read."""

    @extend_schema(
        operation_id="library_list",
        parameters=[LIMIT, CURSOR, serializers.LibraryFilter],
        responses={200: serializers.LibraryPage},
    )
    def get(self, request: Request) -> Response:
        """List material in brief, newest first; 50 a page, at most 200."""
        page = PageRequest.from_query(request.query_params, default=ITEMS_A_PAGE, maximum=200)
        wanted = serializers.LibraryFilter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        rows, cursor = queries.library_page(teacher_of(request), page, **wanted.validated_data)
        return Response({"results": rows, "next": next_url(request, cursor)})


class Tags(APIView):
    """The tags in use."""

    @extend_schema(operation_id="library_tags", responses={200: serializers.TagList})
    def get(self, request: Request) -> Response:
        """List the tags a teacher uses, with how often."""
        return Response({"results": queries.tags(teacher_of(request))})


class ArtifactTags(APIView):
    """The tags of one artifact."""

    @extend_schema(operation_id="artifacts_tags", responses={200: serializers.TagsOutput})
    def get(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """List one's own tags of an artifact, own or shared."""
        return Response({"tags": queries.artifact_tags(teacher_of(request), artifact_id)})

    @extend_schema(
        operation_id="artifacts_tag",
        request=serializers.TagsInput,
        responses={200: serializers.TagsOutput},
    )
    def put(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """Put exactly these tags on an artifact, own or shared; nobody else sees them."""
        data = serializers.TagsInput(data=request.data)
        data.is_valid(raise_exception=True)
        tags = actions.tag_artifact(
            teacher=teacher_of(request), artifact_id=artifact_id, names=data.validated_data["tags"]
        )
        return Response({"tags": tags})


class Favourite(APIView):
    """The mark of a favourite."""

    @extend_schema(operation_id="artifacts_favourite", request=None, responses={204: None})
    def put(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """Mark an artifact, own or shared, as a favourite."""
        return self._mark(request, artifact_id, is_favourite=True)

    @extend_schema(operation_id="artifacts_unfavourite", responses={204: None})
    def delete(self, request: Request, artifact_id: uuid.UUID) -> Response:
        """Take the mark away."""
        return self._mark(request, artifact_id, is_favourite=False)

    def _mark(self, request: Request, artifact_id: uuid.UUID, *, is_favourite: bool) -> Response:
        actions.mark_favourite(
            teacher=teacher_of(request), artifact_id=artifact_id, is_favourite=is_favourite
        )
        return Response(status=204)


class Search(APIView):
    """Full-text search."""

    @extend_schema(
        operation_id="search",
        parameters=[serializers.SearchQuery],
        responses={200: serializers.SearchOutput},
    )
    def get(self, request: Request) -> Response:
        """Search messages, titles of chats, and material, own and shared; best hits first."""
        data = serializers.SearchQuery(data=request.query_params)
        data.is_valid(raise_exception=True)
        wanted = data.validated_data
        results, has_more = search(
            teacher_of(request),
            wanted["q"],
            sources=[wanted["type"]] if "type" in wanted else SOURCES,
            archived=wanted["archived"],
            limit=wanted["limit"],
        )
        return Response({"results": results, "has_more": has_more})
