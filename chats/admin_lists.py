"""Columns and filters of the admin's lists: how rows fared, never what was said."""

import datetime as dt
import uuid
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from chats.models import Chat, Message, Reply, ReplyState
from chats.topics import TOPICS
from eduhu.admin import clock, in_one_line, label, row_link, seconds, short_id
from eduhu.db import epoch_ms, now
from eduhu.errors import ProviderError, ReplyInterrupted
from teachers.models import Teacher

STATE_COLOURS = {
    ReplyState.QUEUED.value: "info",
    ReplyState.STREAMING.value: "info",
    ReplyState.COMPLETE.value: "success",
    ReplyState.FAILED.value: "danger",
    ReplyState.CANCELLED.value: "",
    ReplyState.INTERRUPTED.value: "warning",
}
PERIODS = {
    "1h": (_("Last hour"), dt.timedelta(hours=1)),
    "24h": (_("Last 24 hours"), dt.timedelta(hours=24)),
    "7d": (_("Last 7 days"), dt.timedelta(days=7)),
}


def first_reply_id(period: str) -> uuid.UUID:
    """Return the lowest id a reply of one of PERIODS can have.

    The server makes these ids, and they begin with the time: the primary key
    finds recent replies without another index.
    """
    return uuid.UUID(int=epoch_ms(now() - PERIODS[period][1]) << 80)


class SinceFilter(admin.SimpleListFilter):
    """Replies of the last hour, day or week."""

    title = _("time")
    parameter_name = "since"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Name the periods."""
        return [(period, name) for period, (name, _length) in PERIODS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Reply]) -> QuerySet[Reply]:
        """Keep what was accepted in the chosen period."""
        period = self.value()
        return queryset.filter(pk__gte=first_reply_id(period)) if period in PERIODS else queryset


class ErrorFilter(admin.SimpleListFilter):
    """Replies that ended with one of the codes there are."""

    title = _("error")
    parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """List the codes a reply can end with."""
        errors = (ProviderError, *ProviderError.__subclasses__(), ReplyInterrupted)
        return [(error.code, error.code) for error in errors]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Reply]) -> QuerySet[Reply]:
        """Keep those with the chosen code."""
        return queryset.filter(error_code=self.value()) if self.value() else queryset


class TopicFilter(admin.SimpleListFilter):
    """Chats on one of the topics there are."""

    title = _("topic")
    parameter_name = "topic"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """List the topics."""
        return list(TOPICS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Chat]) -> QuerySet[Chat]:
        """Keep the chats on the chosen topic."""
        return queryset.filter(topic_category=self.value()) if self.value() else queryset


class MessageColumns:
    """What lists tell of a message."""

    @admin.display(description=_("time"))
    def said_at(self, message: Message) -> SafeString | None:
        """When it was said; leads to its page."""
        return row_link(Message, message.pk, clock(message.timestamp))

    @admin.display(description=_("chat"))
    def in_chat(self, message: Message) -> SafeString | None:
        """Lead to the chat."""
        return row_link(Chat, message.chat_id, short_id(message.chat_id))

    @admin.display(description=_("tokens"))
    def tokens(self, message: Message) -> str | None:
        """How many tokens, with a sign where that is an estimate."""
        return _counted(message.token_count, estimated=message.token_count_estimated)

    @admin.display(description=_("response time"))
    def response_time(self, message: Message) -> str | None:
        """From accepting the question to the last token."""
        return seconds(message.response_time_ms)

    @admin.display(description=_("helpful"))
    def thumb(self, message: Message) -> str | None:
        """What the teacher said of it; the comment is on its own page."""
        return None if message.is_helpful is None else "👍" if message.is_helpful else "👎"

    @admin.display(description=_("topics"))
    def topics(self, message: Message) -> str:
        """The topics in one line."""
        return ", ".join(str(TOPICS.get(topic, topic)) for topic in message.educational_topics)


class ReplyColumns:
    """What lists tell of a reply."""

    @admin.display(description=_("created"), ordering="pk")
    def begun_at(self, reply: Reply) -> SafeString | None:
        """When the question came; leads to the reply's page."""
        return row_link(Reply, reply.pk, clock(reply.created_at))

    @admin.display(description=_("state"))
    def coloured_state(self, reply: Reply) -> SafeString:
        """The state as a coloured label."""
        return label(reply.get_state_display(), STATE_COLOURS[reply.state])

    @admin.display(description=_("state"))
    def outcome(self, reply: Reply) -> SafeString:
        """The state, and below it what went wrong."""
        return format_html("{}<br>{}", self.coloured_state(reply), reply.error_code)

    @admin.display(description=_("teacher"))
    def asked_by(self, reply: Reply) -> SafeString | None:
        """Lead to the teacher."""
        return row_link(Teacher, reply.teacher_id, reply.teacher)

    @admin.display(description=_("chat"))
    def in_chat(self, reply: Reply) -> SafeString | None:
        """Lead to the chat."""
        return row_link(Chat, reply.chat_id, short_id(reply.chat_id))

    @admin.display(description=_("model"))
    def written_with(self, reply: Reply) -> SafeString:
        """The model, and below it the service."""
        return format_html(
            "<span class='whitespace-nowrap'>{}</span><br>{}", reply.model, reply.provider
        )

    @admin.display(description=_("first token"))
    def first_token(self, reply: Reply) -> str | None:
        """How long the teacher waited for the first token of this attempt."""
        return _from_to(reply.accepted_at, reply.first_token_at)

    @admin.display(description=_("duration"))
    def duration(self, reply: Reply) -> str | None:
        """How long this attempt took to its end."""
        return _from_to(reply.accepted_at, reply.ended_at)

    @admin.display(description=_("tokens"))
    def tokens(self, reply: Reply) -> str | None:
        """Tokens of prompt and answer, with a sign where they are an estimate."""
        if reply.completion_tokens is None:
            return None
        both = f"{reply.prompt_tokens or 0} + {reply.completion_tokens}"
        return _counted(both, estimated=reply.usage_estimated)


def _counted(number: object, *, estimated: bool) -> str | None:
    if number is None:
        return None
    return in_one_line(f"≈ {number}" if estimated else str(number))


def _from_to(start: dt.datetime, end: dt.datetime | None) -> str | None:
    return seconds(epoch_ms(end) - epoch_ms(start)) if end else None
