"""How topics came about: beside messages and chats, which only hold the topics themselves.

Rows come and go by triggers (`topic_triggers.py`): one that waits with each question, on
whatever path it was stored, so that none is forgotten.
"""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from eduhu.db import MillisecondField, now

VERSION_MAX = 80


class Source(models.TextChoices):
    """Who said it."""

    LEXICON = "lexicon", _("Lexicon")
    MODEL = "model", _("Model on this machine")
    PROVIDER = "provider", _("AI service")
    TEACHER = "teacher", _("Teacher")


class Origin(models.Model):
    """Who said it, how surely (from 0 to 1), and with which version of their means."""

    source = models.CharField(_("source"), max_length=10, choices=Source, blank=True)
    confidence = models.FloatField(_("confidence"), null=True)
    version = models.CharField(_("version"), max_length=VERSION_MAX, blank=True)

    class Meta:
        abstract = True


class MessageTopics(Origin):
    """Where the topics of a question come from. It waits to be judged while `due_at` is set.

    `topic` is the first of them.
    """

    message: Any = models.OneToOneField(
        "chats.Message", on_delete=models.DO_NOTHING, primary_key=True, related_name="+",
        verbose_name=_("message"),
    )  # fmt: skip
    topic = models.CharField(_("topic"), max_length=40, blank=True)
    due_at = MillisecondField(_("due"), null=True)

    class Meta:
        db_table = "message_topics"
        verbose_name = _("topics of a message")
        verbose_name_plural = _("topics of messages")
        indexes = [
            models.Index(
                fields=["due_at"], name="message_topics_due",
                condition=models.Q(due_at__isnull=False),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.source} …{str(self.pk)[-8:]}"


class ChatTopic(Origin):
    """The topic that we, or its teacher, gave a chat; empty: a teacher took it away.

    A chat whose `topic_category` is another one was changed by somebody since.
    """

    chat: Any = models.OneToOneField(
        "chats.Chat", on_delete=models.DO_NOTHING, primary_key=True, related_name="+",
        verbose_name=_("chat"),
    )  # fmt: skip
    topic = models.CharField(_("topic"), max_length=40, blank=True)

    class Meta:
        db_table = "chat_topics"
        verbose_name = _("topic of a chat")
        verbose_name_plural = _("topics of chats")

    def __str__(self) -> str:
        return self.topic


class TopicFailure(models.Model):
    """A question whose topics could not be found, how often, and why; none of its words.

    After the last attempt it is set aside, until staff have it judged again. It only names
    its message, so that deleting one costs nothing more, and is forgotten after a month.
    """

    message_id = models.UUIDField(_("message"), primary_key=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    reason = models.CharField(_("reason"), max_length=80)
    failed_at = MillisecondField(_("last attempt"), default=now, db_index=True)

    class Meta:
        db_table = "topic_failures"
        verbose_name = _("question that was not understood")
        verbose_name_plural = _("questions that were not understood")
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return f"{self.reason} …{str(self.pk)[-8:]}"


class TopicCorrection(models.Model):
    """How often teachers chose another topic than what was said: numbers, of nobody."""

    said = models.CharField(_("said"), max_length=40)
    chosen = models.CharField(_("chosen"), max_length=40, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    version = models.CharField(_("version"), max_length=VERSION_MAX)
    number = models.PositiveIntegerField(_("number"), default=0)

    class Meta:
        db_table = "topic_corrections"
        verbose_name = _("correction of topics")
        verbose_name_plural = _("corrections of topics")
        constraints = [
            models.UniqueConstraint(
                fields=["said", "chosen", "source", "version"], name="topic_corrections_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.said} → {self.chosen}: {self.number}"
