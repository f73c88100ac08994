"""Thumbs up or down for an answer, over REST."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chats import actions, queries, serializers
from teachers.auth import teacher_of


class MessageFeedback(APIView):
    """What a teacher says of an answer."""

    @extend_schema(operation_id="feedback_get", responses={200: serializers.FeedbackOutput})
    def get(self, request: Request, message_id: uuid.UUID) -> Response:
        """Show what was said of a message."""
        return Response(queries.feedback_of(teacher_of(request), message_id))

    @extend_schema(
        operation_id="feedback_put",
        request=serializers.FeedbackInput,
        responses={200: serializers.FeedbackOutput},
    )
    def put(self, request: Request, message_id: uuid.UUID) -> Response:
        """Say that an answer was of use, or was not, instead of what was said before."""
        data = serializers.FeedbackInput(data=request.data)
        data.is_valid(raise_exception=True)
        is_helpful, comment = data.validated_data["value"] == "up", data.validated_data["comment"]
        actions.give_feedback(
            teacher=teacher_of(request),
            message_id=message_id,
            is_helpful=is_helpful,
            comment=comment,
        )
        return Response(queries.feedback_of(teacher_of(request), message_id))

    @extend_schema(operation_id="feedback_delete", responses={204: None})
    def delete(self, request: Request, message_id: uuid.UUID) -> Response:
        """Unsay it; may be repeated."""
        actions.take_feedback_back(teacher=teacher_of(request), message_id=message_id)
        return Response(status=204)
