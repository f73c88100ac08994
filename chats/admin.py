"""Chats, their messages and replies in the admin.

What was said stands on a message's own page only, behind glass.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from chats import topic_admin  # noqa: F401  # registers its pages
from chats.actions import cancel_reply, retry_reply, update_chat
from chats.admin_lists import (
    ErrorFilter,
    MessageColumns,
    ReplyColumns,
    SinceFilter,
    TopicFilter,
)
from chats.models import Chat, Message, Reply
from chats.topics import TOPICS
from eduhu.admin import (
    OwnedAdmin,
    ReadOnlyAdmin,
    ReadOnlyInline,
    changes_of,
    choice_field,
    label,
    row_link,
    short_id,
)
from eduhu.audit.glass import BehindGlass
from eduhu.errors import EduhuError
from teachers.models import Teacher


class MessagesOfChat(MessageColumns, ReadOnlyInline):
    """The messages of a chat, newest first, without their text."""

    model = Message
    per_page = 50
    ordering = ("-timestamp", "-id")
    fields = readonly_fields = (
        "said_at", "role", "content_type", "tokens", "response_time", "thumb", "topics",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Leave the text in the database."""
        rows: QuerySet[Message] = super().get_queryset(request)
        return rows.defer("content", "feedback_comment")


class RepliesOfChat(ReplyColumns, ReadOnlyInline):
    """The replies of a chat, newest first, without their text."""

    model = Reply
    per_page = 50
    ordering = ("-id",)
    fields = readonly_fields = (
        "begun_at", "coloured_state", "error_code", "model", "provider", "attempt",
        "first_token", "duration", "tokens",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reply]:
        """Leave the text in the database."""
        rows: QuerySet[Reply] = super().get_queryset(request)
        return rows.defer("text", "context")


@admin.register(Chat)
class ChatAdmin(BehindGlass, OwnedAdmin):
    """Chats; what staff change goes through the teachers' own action.

    A title comes from the first message, and so is behind glass as well.
    """

    text_fields = ("title",)

    inlines = (MessagesOfChat, RepliesOfChat)
    id_fields = ("pk", "teacher")
    address_field = "teacher__email"
    list_display = (
        "name", "owner", "topic", "message_count", "archived", "updated",
    )  # fmt: skip
    list_filter = ("is_archived", TopicFilter, ("teacher", admin.EmptyFieldListFilter))
    list_select_related = ("teacher",)
    search_fields = ("teacher__email",)
    search_help_text = _("Address of the teacher, or id")
    ordering = ("-updated_at",)
    sortable_by = ("updated",)
    fields = (
        "title", "topic_category", "is_archived", "teacher", "message_count", "created_at",
        "updated_at", "related_rows",
    )  # fmt: skip
    readonly_fields = ("teacher", "message_count", "created_at", "updated_at", "related_rows")
    actions = ("archive", "unarchive")

    def has_change_permission(self, request: HttpRequest, obj: Chat | None = None) -> bool:
        """A chat without an owner can only be looked at."""
        if obj is not None and obj.teacher_id is None:
            return False
        return bool(super().has_change_permission(request, obj))

    def get_inline_instances(self, request: HttpRequest, obj: Chat | None = None) -> list[Any]:
        """Show messages and replies, but take none back: new ones must not upset a save."""
        return [] if request.method == "POST" else super().get_inline_instances(request, obj)

    def formfield_for_dbfield(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer the topics there are."""
        if db_field.name == "topic_category":
            return choice_field(db_field, TOPICS.items())
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Chat, form: Any, change: bool) -> None:
        """Change it as its teacher would."""
        assert obj.teacher is not None
        update_chat(teacher=obj.teacher, chat_id=obj.pk, **changes_of(form))

    @admin.display(description=_("chat"))
    def name(self, chat: Chat) -> str:
        """The end of its id, without a word of its title."""
        return short_id(chat.pk)

    @admin.display(description=_("teacher"))
    def owner(self, chat: Chat) -> SafeString | None:
        """Lead to the teacher."""
        return row_link(Teacher, chat.teacher_id, chat.teacher)

    @admin.display(description=_("topic"))
    def topic(self, chat: Chat) -> Any:
        """The topic's name."""
        return TOPICS.get(chat.topic_category or "", chat.topic_category)

    @admin.display(description=_("archived"))
    def archived(self, chat: Chat) -> SafeString | None:
        """A label on what is archived."""
        return label(_("archived"), "") if chat.is_archived else None

    @admin.action(description=_("Archive"), permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Chat]) -> None:
        """Archive the chosen chats."""
        self._set_archived(request, queryset, is_archived=True)

    @admin.action(description=_("Take out of the archive"), permissions=["change"])
    def unarchive(self, request: HttpRequest, queryset: QuerySet[Chat]) -> None:
        """Bring the chosen chats back."""
        self._set_archived(request, queryset, is_archived=False)

    def _set_archived(
        self, request: HttpRequest, queryset: QuerySet[Chat], *, is_archived: bool
    ) -> None:
        chats = list(queryset.exclude(is_archived=is_archived))
        owned = [(chat, chat.teacher) for chat in chats if chat.teacher is not None]
        for chat, teacher in owned:
            update_chat(teacher=teacher, chat_id=chat.pk, is_archived=is_archived)
        number = len(owned)
        text = ngettext("%(number)d chat changed.", "%(number)d chats changed.", number)
        self.message_user(request, text % {"number": number}, messages.SUCCESS)


@admin.register(Message)
class MessageAdmin(MessageColumns, BehindGlass, ReadOnlyAdmin):
    """Messages: their text is on their own page, once their chat is opened with a reason."""

    text_fields = ("content", "feedback_comment")

    id_fields = ("pk", "chat")
    address_field = "chat__teacher__email"
    list_display = (
        "said_at", "role", "in_chat", "owner", "tokens", "response_time", "thumb", "topics",
    )  # fmt: skip
    list_display_links = None
    list_filter = ("role", "content_type", "is_helpful")
    list_select_related = ("chat__teacher",)
    search_fields = ("chat__teacher__email",)
    search_help_text = _("Address of the teacher, or id")
    sortable_by = ()
    fields = readonly_fields = (
        "role", "timestamp", "chat", "owner", "written_by", "tokens", "response_time", "topics",
        "content_type", "content", "thumb", "feedback_comment", "related_rows",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Leave the text in the database until a page shows it."""
        rows: QuerySet[Message] = super().get_queryset(request)
        return rows.defer("content", "feedback_comment")

    def glass_of(self, row: Message) -> Chat:
        """A chat is opened as a whole."""
        return row.chat

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Newest first; ids will not do, as clients bring random ones."""
        return ("-timestamp", "-id")

    @admin.display(description=_("teacher"))
    def owner(self, message: Message) -> SafeString | None:
        """Lead to the teacher."""
        return row_link(Teacher, message.chat.teacher_id, message.chat.teacher)

    @admin.display(description=_("reply"))
    def written_by(self, message: Message) -> SafeString | None:
        """Lead to the reply that wrote this message."""
        return _link_if_there(Reply, message_id=message.pk)


@admin.register(Reply)
class ReplyAdmin(ReplyColumns, ReadOnlyAdmin):
    """Replies by state: what went wrong, and for whom."""

    id_fields = ("pk", "chat", "teacher", "message_id", "user_message")
    address_field = "teacher__email"
    list_display = (
        "begun_at", "outcome", "asked_by", "in_chat", "written_with", "attempt", "duration",
        "tokens",
    )  # fmt: skip
    list_display_links = None
    list_filter = ("state", SinceFilter, ErrorFilter, "is_demo", "cancel_requested")
    list_select_related = ("teacher",)
    search_fields = ("model", "worker")
    search_help_text = _("Whole address of the teacher, any id, model or worker")
    ordering = ("-id",)
    sortable_by = ("begun_at",)
    actions = ("stop", "retry")
    fieldsets = (
        (None, {"fields": ("coloured_state", "error_code", "finish_reason", "cancel_requested")}),
        (_("Rows"), {"fields": ("teacher", "chat", "question", "answer")}),
        (_("Model"), {"fields": ("model", "provider", "is_demo", "attempt", "tokens")}),
        (
            _("Times"),
            {"fields": (
                "created_at", "accepted_at", "first_token", "duration", "ended_at", "worker",
                "lease_until",
            )},
        ),
    )  # fmt: skip
    readonly_fields = (
        "coloured_state", "question", "answer", "tokens", "first_token", "duration", "created_at",
        "accepted_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reply]:
        """Leave the text in the database."""
        rows: QuerySet[Reply] = super().get_queryset(request)
        return rows.defer("text", "context")

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """Stopping is a change, though of no column on the page."""
        return bool(request.user.has_perm("chats.change_reply"))

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Who may stop a reply may also have it written again."""
        return self.has_stop_permission(request)

    @admin.display(description=_("question"))
    def question(self, reply: Reply) -> SafeString | None:
        """Lead to the message that was asked."""
        return row_link(Message, reply.user_message_id, short_id(reply.user_message_id))

    @admin.display(description=_("answer"))
    def answer(self, reply: Reply) -> SafeString | None:
        """Lead to the message that was written, if there is one yet."""
        return _link_if_there(Message, pk=reply.message_id)

    @admin.action(description=_("Stop"), permissions=["stop"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Reply]) -> None:
        """Stop those of the chosen replies that are still being written."""
        live = [reply for reply in queryset if reply.is_live]
        number = self._each(request, live, cancel_reply, gettext("Stopped."))
        text = ngettext("%(number)d reply stopped.", "%(number)d replies stopped.", number)
        self.message_user(request, text % {"number": number}, messages.SUCCESS)

    @admin.action(description=_("Write again"), permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Reply]) -> None:
        """Have the questions of the chosen replies answered again, as their teachers could."""
        number = self._each(request, list(queryset), retry_reply, gettext("Written again."))
        text = ngettext(
            "%(number)d reply is written again.", "%(number)d replies are written again.", number
        )
        if number:
            self.message_user(request, text % {"number": number}, messages.SUCCESS)

    def _each(
        self, request: HttpRequest, replies: list[Reply], act: Callable[..., object], note: str
    ) -> int:
        """Return for how many replies the action went well; for each other one, say why not."""
        done = 0
        for reply in replies:
            try:
                act(teacher=reply.teacher, reply_id=reply.pk)
            except EduhuError as error:
                text = f"{short_id(reply.pk)}: {error.detail}"
                self.message_user(request, text, messages.WARNING)
            else:
                done += 1
                self.log_change(request, reply, note)
        return done


def _link_if_there(model: type[Model], **condition: Any) -> SafeString | None:
    pk = model._default_manager.filter(**condition).values_list("pk", flat=True).first()
    return row_link(model, pk, short_id(pk)) if pk else None
