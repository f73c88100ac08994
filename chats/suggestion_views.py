"""What a chat says that might be worth remembering, over REST."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chats.suggestions import suggestions
from teachers.auth import teacher_of


class Suggestion(serializers.Serializer[dict[str, Any]]):
    """A sentence of the teacher's; `POST /api/memory` with it remembers it."""

    text = serializers.CharField()


class SuggestionList(serializers.Serializer[dict[str, Any]]):
    """At most five."""

    results = Suggestion(many=True)


class Suggestions(APIView):
    """What might be remembered."""

    @extend_schema(operation_id="memory_suggestions", responses={200: SuggestionList})
    def get(self, request: Request, chat_id: uuid.UUID) -> Response:
        """Suggest what the chat says about a class; nothing is kept until it is confirmed."""
        found = suggestions(teacher_of(request), chat_id)
        return Response({"results": [{"text": text} for text in found]})
