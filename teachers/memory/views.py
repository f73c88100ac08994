"""The memory over REST."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from eduhu.fields import IdField
from teachers.auth import teacher_of
from teachers.idempotency import IDEMPOTENCY_KEY, idempotent
from teachers.memory import actions, queries
from teachers.memory.models import TEXT_MAX

Data = dict[str, Any]


class MemoryText(serializers.Serializer[Data]):
    """What is to be remembered, in one line."""

    text = serializers.CharField(max_length=TEXT_MAX)


class MemoryInput(MemoryText):
    """Something new."""

    id = IdField(required=False)


class MemoryOutput(serializers.Serializer[Data]):
    """Something remembered; `created_at` is milliseconds since 1970."""

    id = serializers.UUIDField()
    text = serializers.CharField()
    created_at = serializers.IntegerField()


class MemoryPage(serializers.Serializer[Data]):
    """All that is remembered, newest first."""

    results = MemoryOutput(many=True)


class Memories(APIView):
    """All that is remembered."""

    @extend_schema(operation_id="memory_list", responses={200: MemoryPage})
    def get(self, request: Request) -> Response:
        """Show everything the assistant keeps in mind; it is used while `uses_memory` is on."""
        return Response({"results": queries.memories(teacher_of(request))})

    @extend_schema(
        operation_id="memory_add",
        request=MemoryInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: MemoryOutput, 200: MemoryOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Remember a line; one that is known already is answered with 200."""
        data = MemoryInput(data=request.data)
        data.is_valid(raise_exception=True)
        memory, created = actions.remember(teacher=teacher_of(request), **data.validated_data)
        return Response(queries.memory_document(memory), status=201 if created else 200)

    @extend_schema(operation_id="memory_clear", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Forget everything."""
        actions.forget_everything(teacher=teacher_of(request))
        return Response(status=204)


class OneMemory(APIView):
    """One line."""

    @extend_schema(operation_id="memory_change", request=MemoryText, responses={200: MemoryOutput})
    def patch(self, request: Request, memory_id: uuid.UUID) -> Response:
        """Say it in other words."""
        data = MemoryText(data=request.data)
        data.is_valid(raise_exception=True)
        memory = actions.correct(
            teacher=teacher_of(request), memory_id=memory_id, **data.validated_data
        )
        return Response(queries.memory_document(memory))

    @extend_schema(operation_id="memory_delete", responses={204: None})
    def delete(self, request: Request, memory_id: uuid.UUID) -> Response:
        """Forget it."""
        actions.forget(teacher=teacher_of(request), memory_id=memory_id)
        return Response(status=204)
