"""Sharing over REST: the same for an artifact and for a collection."""

import uuid
from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.library import actions, serializers, sharing
from artifacts.library.models import Share
from eduhu.db import epoch_ms
from teachers.auth import teacher_of
from teachers.idempotency import IDEMPOTENCY_KEY, idempotent
from teachers.models import Teacher

Find = Callable[[Teacher, uuid.UUID], sharing.Thing]


def _shown(share: Share) -> dict[str, Any]:
    return {"id": share.pk, "email": share.email, "created_at": epoch_ms(share.created_at)}


def _views(find: Find, name: str, share_name: str, prefix: str) -> tuple[Any, Any]:
    """Return the views of the shares of one kind of thing."""

    class Shares(APIView):
        @extend_schema(operation_id=f"{prefix}_shares", responses={200: serializers.ShareList})
        def get(self, request: Request, **which: uuid.UUID) -> Response:
            """List who may read it, by the addresses that were given."""
            thing = find(teacher_of(request), which[name])
            return Response({"results": [_shown(each) for each in sharing.shares_of(thing)]})

        @extend_schema(
            operation_id=f"{prefix}_share",
            request=serializers.ShareInput,
            parameters=[IDEMPOTENCY_KEY],
            responses={201: serializers.ShareOutput, 200: serializers.ShareOutput},
        )
        @idempotent
        def post(self, request: Request, **which: uuid.UUID) -> Response:
            """Let the teacher with an address read it, now or as soon as somebody has it."""
            data = serializers.ShareInput(data=request.data)
            data.is_valid(raise_exception=True)
            teacher = teacher_of(request)
            thing = find(teacher, which[name])
            share, created = sharing.share(teacher=teacher, thing=thing, **data.validated_data)
            return Response(_shown(share), status=201 if created else 200)

    class OneShare(APIView):
        @extend_schema(operation_id=f"{prefix}_unshare", responses={204: None})
        def delete(self, request: Request, **which: uuid.UUID) -> Response:
            """End a share, at once."""
            thing = find(teacher_of(request), which[name])
            sharing.revoke(thing=thing, share_id=which[share_name])
            return Response(status=204)

    return Shares, OneShare


ArtifactShares, ArtifactShare = _views(actions.own_artifact, "artifact_id", "share_id", "artifacts")
CollectionShares, CollectionShare = _views(
    actions.own_collection, "collection_id", "collection_share_id", "collections"
)
