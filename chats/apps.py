"""Chats, messages, and the replies the assistant writes."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ChatsConfig(AppConfig):
    name = "chats"
    verbose_name = _("Chats")

    def ready(self) -> None:
        from chats.backup import CHATS, MESSAGES
        from chats.cached import warm_up, watch_writes
        from chats.queries import chat_row, mirrored_chats, mirrored_messages, topics_of
        from eduhu import events
        from eduhu.cache import habits, warming
        from eduhu.mirror import capture
        from eduhu.mirror.backup import tables

        watch_writes()
        warming.foresee(warm_up)
        habits.register_topics(topics_of)
        post_migrate.connect(_install_triggers, sender=self)
        events.register_table("chats", chat_row)
        capture.register(capture.Source(self.get_model("Chat"), mirrored_chats, "updated_at"))
        messages = self.get_model("Message")
        shown = {"chat": frozenset({"teacher"})}
        capture.register(
            capture.Source(messages, mirrored_messages, "timestamp", touches="chat", copies=shown)
        )
        tables.register(CHATS)
        tables.register(MESSAGES)


def _install_triggers(using: str, **_kwargs: Any) -> None:
    from chats import topic_triggers, triggers

    triggers.install(using)
    topic_triggers.install(using)
