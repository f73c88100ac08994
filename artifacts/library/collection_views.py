"""Collections over REST."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.library import actions, queries, serializers
from teachers.auth import teacher_of
from teachers.idempotency import IDEMPOTENCY_KEY, idempotent


class CollectionList(APIView):
    """A teacher's collections, and those of others that are shared."""

    @extend_schema(operation_id="collections_list", responses={200: serializers.CollectionList})
    def get(self, request: Request) -> Response:
        """List all collections: own ones by name, then those of others."""
        return Response({"results": queries.collections(teacher_of(request))})

    @extend_schema(
        operation_id="collections_create",
        request=serializers.CollectionInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: serializers.CollectionDetail, 200: serializers.CollectionDetail},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Make an empty collection; repeating it with the same id is a success."""
        data = serializers.CollectionInput(data=request.data)
        data.is_valid(raise_exception=True)
        row, created = actions.create_collection(teacher=teacher_of(request), **data.validated_data)
        shown = queries.collection_detail(teacher_of(request), row.pk)
        return Response(shown, status=201 if created else 200)


class CollectionDetail(APIView):
    """One collection."""

    @extend_schema(operation_id="collections_get", responses={200: serializers.CollectionDetail})
    def get(self, request: Request, collection_id: uuid.UUID) -> Response:
        """Show a collection, own or shared, with all that is in it."""
        return _shown(request, collection_id)

    @extend_schema(
        operation_id="collections_rename",
        request=serializers.CollectionName,
        responses={200: serializers.CollectionDetail},
    )
    def patch(self, request: Request, collection_id: uuid.UUID) -> Response:
        """Give a collection another name."""
        data = serializers.CollectionName(data=request.data)
        data.is_valid(raise_exception=True)
        actions.rename_collection(
            teacher=teacher_of(request), collection_id=collection_id, **data.validated_data
        )
        return _shown(request, collection_id)

    @extend_schema(operation_id="collections_delete", responses={204: None})
    def delete(self, request: Request, collection_id: uuid.UUID) -> Response:
        """Delete a collection and its shares; the material stays."""
        actions.delete_collection(teacher=teacher_of(request), collection_id=collection_id)
        return Response(status=204)


class CollectionItems(APIView):
    """The order of a collection."""

    @extend_schema(
        operation_id="collections_order",
        request=serializers.CollectionOrder,
        responses={200: serializers.CollectionDetail},
    )
    def put(self, request: Request, collection_id: uuid.UUID) -> Response:
        """Put what is in a collection into another order; 409 if the list is an old one."""
        data = serializers.CollectionOrder(data=request.data)
        data.is_valid(raise_exception=True)
        actions.order_collection(
            teacher=teacher_of(request), collection_id=collection_id, **data.validated_data
        )
        return _shown(request, collection_id)


class CollectionItem(APIView):
    """An artifact in a collection."""

    @extend_schema(operation_id="collections_add", request=None, responses={204: None})
    def put(self, request: Request, collection_id: uuid.UUID, artifact_id: uuid.UUID) -> Response:
        """Put an artifact of one's own at the end; one that is there stays at its place."""
        actions.add_to_collection(
            teacher=teacher_of(request), collection_id=collection_id, artifact_id=artifact_id
        )
        return Response(status=204)

    @extend_schema(operation_id="collections_remove", responses={204: None})
    def delete(
        self, request: Request, collection_id: uuid.UUID, artifact_id: uuid.UUID
    ) -> Response:
        """Take an artifact out; it stays in the library."""
        actions.remove_from_collection(
            teacher=teacher_of(request), collection_id=collection_id, artifact_id=artifact_id
        )
        return Response(status=204)


def _shown(request: Request, collection_id: uuid.UUID) -> Response:
    return Response(queries.collection_detail(teacher_of(request), collection_id))
