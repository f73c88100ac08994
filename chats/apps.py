"""Chats, messages, and the replies the assistant writes."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ChatsConfig(AppConfig):
    name = "chats"
    verbose_name = _("Chats")

    def ready(self) -> None:
        from chats.queries import chat_row
        from eduhu import events

        post_migrate.connect(_install_triggers, sender=self)
        events.register_table("chats", chat_row)


def _install_triggers(using: str, **_kwargs: Any) -> None:
    from chats.triggers import install

    install(using)
