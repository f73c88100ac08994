"""Chat, Message, and Reply: one row for each time the assistant writes."""

import datetime as dt
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from eduhu.db import JsonTypeOf, Literal, MillisecondField, new_id, now
from teachers.models import Teacher

TITLE_MAX = 200


class ChatQuerySet(models.QuerySet["Chat"]):
    """Chats, reached only through their owner."""

    def for_teacher(self, teacher: Teacher) -> Self:
        """Keep the chats `teacher` may see. A chat without an owner belongs to nobody."""
        return self.filter(teacher_id=teacher.pk)


class Chat(models.Model):
    """A conversation. `message_count` and `updated_at` are set by triggers."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    title = models.CharField(_("title"), max_length=TITLE_MAX)
    created_at = MillisecondField(_("created"), default=now, editable=False)
    updated_at = MillisecondField(_("updated"), default=now, editable=False)
    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, null=True, blank=True, related_name="chats",
        verbose_name=_("teacher"),
    )  # fmt: skip
    topic_category = models.CharField(_("topic"), max_length=40, null=True, blank=True)  # noqa: DJ001 (null = not classified)
    message_count = models.PositiveIntegerField(_("messages"), default=0, editable=False)
    is_archived = models.BooleanField(_("archived"), default=False)

    objects = ChatQuerySet.as_manager()

    # What the database sets; an ordinary save must not write an old value back.
    DATABASE_OWNED: ClassVar[frozenset[str]] = frozenset({"message_count", "updated_at"})

    class Meta:
        db_table = "chats"
        verbose_name = _("chat")
        verbose_name_plural = _("chats")
        indexes = [
            models.Index(
                fields=["teacher", "is_archived", "-updated_at", "-id"], name="chats_of_teacher"
            )
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(title=""), name="chats_title_not_empty")
        ]

    def __str__(self) -> str:
        return f"…{str(self.pk)[-8:]}"  # the title holds words of its teacher

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store everything but what the database itself keeps."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            names = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            kwargs["update_fields"] = names - self.DATABASE_OWNED
        super().save(*args, **kwargs)

    def next_timestamp(self) -> dt.datetime:
        """Return the time of the next message: after all others. The row must be locked."""
        after_all: dt.datetime = self.updated_at + dt.timedelta(milliseconds=1)
        return max(now(), after_all)


class Role(models.TextChoices):
    """Who speaks."""

    USER = "user", _("Teacher")
    ASSISTANT = "assistant", _("Assistant")
    SYSTEM = "system", _("System")


class ContentType(models.TextChoices):
    """What a message holds."""

    TEXT = "text", _("Text")
    ARTIFACT = "artifact", _("Artifact")
    IMAGE = "image", _("Image")


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages, reached only through the owner of their chat."""

    def for_teacher(self, teacher: Teacher) -> Self:
        """Keep the messages of chats `teacher` may see."""
        return self.filter(chat__teacher_id=teacher.pk)


class Message(models.Model):
    """One turn of a chat, stored exactly as it was written."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    chat = models.ForeignKey(
        Chat, on_delete=models.CASCADE, related_name="messages", db_index=False,
        verbose_name=_("chat"),
    )  # fmt: skip
    content = models.TextField(_("content"))
    role = models.CharField(_("role"), max_length=10, choices=Role)
    timestamp = MillisecondField(_("time"), default=now)
    content_type = models.CharField(
        _("kind"), max_length=10, choices=ContentType, default=ContentType.TEXT
    )
    token_count = models.PositiveIntegerField(_("tokens"), null=True, blank=True)
    token_count_estimated = models.BooleanField(_("tokens are an estimate"), default=False)
    response_time_ms = models.PositiveIntegerField(_("response time (ms)"), null=True, blank=True)
    educational_topics = models.JSONField(_("topics"), default=list, blank=True)
    is_helpful = models.BooleanField(_("helpful"), null=True, editable=False)  # null: nobody said
    feedback_comment = models.TextField(
        _("comment on it"), blank=True, default="", db_default="", editable=False
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        db_table = "messages"
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["chat", "timestamp", "id"], name="messages_of_chat"),
            models.Index(fields=["-timestamp", "-id"], name="messages_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="messages_role_valid"
            ),
            models.CheckConstraint(
                condition=models.Q(content_type__in=ContentType.values),
                name="messages_content_type_valid",
            ),
            models.CheckConstraint(
                condition=Exact(JsonTypeOf("educational_topics"), models.Value("array")),
                name="messages_topics_are_a_list",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} …{str(self.pk)[-8:]}"


class ReplyState(models.TextChoices):
    """`queued → streaming → complete | failed | cancelled | interrupted`."""

    QUEUED = "queued", _("queued")
    STREAMING = "streaming", _("streaming")
    COMPLETE = "complete", _("complete")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")
    INTERRUPTED = "interrupted", _("interrupted")


LIVE_STATES = (ReplyState.QUEUED, ReplyState.STREAMING)


class ReplyQuerySet(models.QuerySet["Reply"]):
    """Replies, reached only through the teacher who asked."""

    def for_teacher(self, teacher: Teacher) -> Self:
        """Keep the replies `teacher` may see."""
        return self.filter(teacher_id=teacher.pk)

    def live(self) -> Self:
        """Keep the replies that have not ended: few, and found by a partial index."""
        return self.filter(state__in=[Literal(state.value) for state in LIVE_STATES])


def price_field(name: Any) -> "models.DecimalField[Any, Any]":
    """Return a column for a price per million tokens; null where none is known."""
    return models.DecimalField(name, max_digits=14, decimal_places=6, null=True, editable=False)


class Reply(models.Model):
    """One generation: state, lease, usage, and the text so far.

    `message_id` is reserved when the reply is queued and names the assistant's
    message, which is stored once, in the transaction that ends the reply.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    chat = models.ForeignKey(
        Chat, on_delete=models.CASCADE, related_name="replies", verbose_name=_("chat")
    )
    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="replies", verbose_name=_("teacher")
    )
    user_message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="replies", verbose_name=_("question")
    )
    message_id = models.UUIDField(_("message id"), default=new_id, unique=True, editable=False)
    context = models.JSONField(_("earlier turns sent by the client"), default=list, blank=True)
    wish = models.JSONField(_("document that is wanted"), null=True, blank=True)
    artifact_id = models.UUIDField(_("id of the document"), null=True, editable=False)
    state = models.CharField(
        _("state"), max_length=12, choices=ReplyState, default=ReplyState.QUEUED
    )
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    text = models.TextField(_("text so far"), blank=True)
    attempt_offset = models.PositiveIntegerField(_("where this attempt began"), default=0)
    model = models.CharField(_("model"), max_length=120)
    provider = models.CharField(_("provider"), max_length=40)
    is_demo = models.BooleanField(_("demo"), default=False)
    prompt_tokens = models.PositiveIntegerField(_("prompt tokens"), null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(_("completion tokens"), null=True, blank=True)
    usage_estimated = models.BooleanField(_("usage is an estimate"), default=False)
    prompt_price = price_field(_("price of the prompt"))  # when the last attempt ended
    completion_price = price_field(_("price of the answer"))
    finish_reason = models.CharField(_("finish reason"), max_length=20, blank=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    cancel_requested = models.BooleanField(_("stop requested"), default=False)
    worker = models.CharField(_("worker"), max_length=80, blank=True)
    lease_until = MillisecondField(_("lease until"), null=True, blank=True)
    created_at = MillisecondField(_("created"), default=now, editable=False)
    accepted_at = MillisecondField(_("accepted"), default=now, editable=False)
    first_token_at = MillisecondField(_("first token"), null=True, blank=True)
    ended_at = MillisecondField(_("ended"), null=True, blank=True)

    objects = ReplyQuerySet.as_manager()

    class Meta:
        db_table = "replies"
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        indexes = [
            models.Index(
                fields=["state", "lease_until"], name="replies_live",
                condition=models.Q(state__in=["queued", "streaming"]),
            )
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=ReplyState.values), name="replies_state_valid"
            ),
            models.UniqueConstraint(
                fields=["chat"], name="replies_one_live_per_chat",
                condition=models.Q(state__in=["queued", "streaming"]),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_state_display()} …{str(self.pk)[-8:]}"

    @property
    def earlier_text(self) -> str:
        """What earlier attempts have written."""
        return self.text[: self.attempt_offset]

    @property
    def is_live(self) -> bool:
        """Whether text may still come."""
        return self.state in LIVE_STATES


class UsageEntryQuerySet(models.QuerySet["UsageEntry"]):
    """What was spent, reached only through the teacher who asked."""

    def for_teacher(self, teacher: Teacher) -> Self:
        """Keep what `teacher` has spent."""
        return self.filter(teacher_id=teacher.pk)


class UsageEntry(models.Model):
    """What one attempt at a reply has cost; a trigger writes it as the attempt ends.

    It names its reply, but stays when chat and reply are deleted: the money was spent. It
    goes with its teacher. Prices are those of that moment, per million tokens; null where
    the settings named none.
    """

    id = models.BigAutoField(primary_key=True)
    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="+", db_index=False,
        verbose_name=_("teacher"),
    )  # fmt: skip
    reply_id = models.UUIDField(_("reply"))
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    ended_at = MillisecondField(_("ended"))
    state = models.CharField(_("state"), max_length=12, choices=ReplyState)
    model = models.CharField(_("model"), max_length=120)
    provider = models.CharField(_("provider"), max_length=40)
    prompt_tokens = models.PositiveIntegerField(_("prompt tokens"))
    completion_tokens = models.PositiveIntegerField(_("completion tokens"))
    is_estimated = models.BooleanField(_("usage is an estimate"))
    prompt_price = price_field(_("price of the prompt"))
    completion_price = price_field(_("price of the answer"))

    objects = UsageEntryQuerySet.as_manager()

    class Meta:
        db_table = "usage_entries"
        verbose_name = _("usage")
        verbose_name_plural = _("usage")
        indexes = [models.Index(fields=["teacher", "ended_at"], name="usage_entries_of_teacher")]
        constraints = [
            models.UniqueConstraint(fields=["reply_id", "attempt"], name="usage_entries_once_each"),
            models.CheckConstraint(
                condition=models.Q(state__in=ReplyState.values), name="usage_entries_state_valid"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} …{str(self.reply_id)[-8:]}"


from chats.topic_models import ChatTopic, MessageTopics, TopicCorrection, TopicFailure  # noqa: E402

__all__ = [
    "LIVE_STATES", "TITLE_MAX", "Chat", "ChatTopic", "ContentType", "Message", "MessageTopics",
    "Reply", "ReplyQuerySet", "ReplyState", "Role", "TopicCorrection", "TopicFailure",
    "UsageEntry",    "UsageEntryQuerySet",
]  # fmt: skip
