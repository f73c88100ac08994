"""Chats over REST, and the page. Streams stand beside Django, in `stream.py`."""

import uuid
from typing import Any

from django.views.generic import TemplateView
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chats import actions, cached, queries, serializers, usage
from chats.topics import TOPICS
from eduhu.mirror import capture, realtime
from eduhu.pages import PageRequest
from eduhu.switches.state import refuse_if_off
from teachers.auth import teacher_of
from teachers.idempotency import IDEMPOTENCY_KEY, idempotent
from teachers.models import FEDERAL_STATES, SchoolType

LIMIT = OpenApiParameter("limit", int, description="Rows per page; larger values are capped.")
CURSOR = OpenApiParameter("cursor", str, description="From `next`; not to be made by hand.")
ARCHIVED = OpenApiParameter("archived", bool, description="The archived chats instead.")


class Page(TemplateView):
    """The page at `/`: sign in and chat. It speaks only the public API."""

    template_name = "chats/page.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say what can be chosen, and where that is possible, how to follow the rows."""
        return super().get_context_data(
            **kwargs,
            browser_code=realtime.BROWSER_CODE if capture.is_on() else "",
            federal_states=FEDERAL_STATES.items(),
            school_types=SchoolType.choices,
        )

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> Any:
        """Allow nothing that does not come from here, but the pictures a teacher asks for."""
        response = super().render_to_response(context, **kwargs)
        response["Content-Security-Policy"] = (
            "default-src 'self'; img-src 'self' data: https: http:; frame-ancestors 'none'; "
            "base-uri 'none'; form-action 'self'"
        )
        return response


class TopicList(APIView):
    """What chats can be about."""

    @extend_schema(operation_id="topics_list", responses={200: serializers.TopicList})
    def get(self, request: Request) -> Response:
        """List the topics, with their names in the language of the reader."""
        topics = [{"topic": topic, "display_name": name} for topic, name in TOPICS.items()]
        return Response({"results": topics})


class ChatList(APIView):
    """A teacher's chats."""

    @extend_schema(
        operation_id="chats_list",
        parameters=[LIMIT, CURSOR, ARCHIVED],
        responses={200: serializers.ChatPage},
    )
    def get(self, request: Request) -> Response:
        """List chats, last changed first; 50 a page, at most 200."""
        page = PageRequest.from_query(
            request.query_params, default=cached.CHATS_A_PAGE, maximum=200
        )
        is_archived = request.query_params.get("archived", "").lower() in {"1", "true"}
        chats = cached.chat_page(teacher_of(request), page, is_archived=is_archived)
        return Response(chats.answer(request))

    @extend_schema(
        operation_id="chats_create",
        request=serializers.ChatInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: serializers.ChatDetail, 200: serializers.ChatDetail},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Create a chat; repeating it with the same id is a success."""
        data = serializers.ChatInput(data=request.data)
        data.is_valid(raise_exception=True)
        chat, created = actions.create_chat(teacher=teacher_of(request), **data.validated_data)
        detail = queries.chat_detail(teacher_of(request), chat.pk)
        return Response(detail, status=201 if created else 200)


class ChatDetail(APIView):
    """One chat."""

    @extend_schema(operation_id="chats_get", responses={200: serializers.ChatDetail})
    def get(self, request: Request, chat_id: uuid.UUID) -> Response:
        """Show a chat, and the reply that is being written, if any."""
        return Response(cached.chat_detail(teacher_of(request), chat_id))

    @extend_schema(
        operation_id="chats_change",
        request=serializers.ChatChanges,
        responses={200: serializers.ChatDetail},
    )
    def patch(self, request: Request, chat_id: uuid.UUID) -> Response:
        """Rename, set the topic, archive or restore."""
        data = serializers.ChatChanges(data=request.data)
        data.is_valid(raise_exception=True)
        actions.update_chat(teacher=teacher_of(request), chat_id=chat_id, **data.validated_data)
        return Response(queries.chat_detail(teacher_of(request), chat_id))

    @extend_schema(operation_id="chats_delete", responses={204: None})
    def delete(self, request: Request, chat_id: uuid.UUID) -> Response:
        """Delete a chat for good, with its messages and artifacts."""
        actions.delete_chat(teacher=teacher_of(request), chat_id=chat_id)
        return Response(status=204)


class MessageList(APIView):
    """The messages of a chat."""

    @extend_schema(
        operation_id="messages_list",
        parameters=[LIMIT, CURSOR],
        responses={200: serializers.MessagePage},
    )
    def get(self, request: Request, chat_id: uuid.UUID) -> Response:
        """List the newest messages in reading order; 100 a page, at most 200."""
        page = PageRequest.from_query(
            request.query_params, default=cached.MESSAGES_A_PAGE, maximum=200
        )
        messages = cached.message_page(teacher_of(request), chat_id, page)
        return Response(messages.answer(request))


class MessageDetail(APIView):
    """One message."""

    @extend_schema(
        operation_id="messages_change",
        request=serializers.MessageChanges,
        responses={200: serializers.MessageOutput},
    )
    def patch(self, request: Request, message_id: uuid.UUID) -> Response:
        """Say what a message is about, where that was not understood."""
        data = serializers.MessageChanges(data=request.data)
        data.is_valid(raise_exception=True)
        topics = data.validated_data["educational_topics"]
        actions.correct_topics(teacher=teacher_of(request), message_id=message_id, topics=topics)
        return Response(queries.message_row(teacher_of(request), message_id))


class Analytics(APIView):
    """The numbers of a chat."""

    @extend_schema(operation_id="chats_analytics", responses={200: serializers.ChatAnalytics})
    def get(self, request: Request, chat_id: uuid.UUID) -> Response:
        """Count a chat's messages, tokens and topics, and time its answers."""
        refuse_if_off("analytics")
        return Response(cached.chat_analytics(teacher_of(request), chat_id))


class Summary(APIView):
    """The numbers of a teacher."""

    @extend_schema(operation_id="analytics_summary", responses={200: serializers.Summary})
    def get(self, request: Request) -> Response:
        """Sum up all own chats, and the last twelve weeks, the newest first."""
        refuse_if_off("analytics")
        return Response(cached.teacher_summary(teacher_of(request)))


class Usage(APIView):
    """What the assistant has cost."""

    @extend_schema(operation_id="usage", responses={200: serializers.Usage})
    def get(self, request: Request) -> Response:
        """Sum up tokens, replies and cost of today, of 7 and of 30 days, and of this month."""
        return Response(usage.teacher_usage(teacher_of(request)))


class ReplyCancel(APIView):
    """Stopping a reply."""

    @extend_schema(operation_id="reply_cancel", request=None, responses={202: None})
    def post(self, request: Request, reply_id: uuid.UUID) -> Response:
        """Stop a reply, from any device; what was written is kept. May be repeated."""
        actions.cancel_reply(teacher=teacher_of(request), reply_id=reply_id)
        return Response(status=202)
