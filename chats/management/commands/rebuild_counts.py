"""`manage.py rebuild_counts`: make `chats.message_count` true again."""

from typing import Any

from django.core.management.base import BaseCommand

from chats.actions import rebuild_message_counts


class Command(BaseCommand):
    help = "Set message_count of every chat to its number of messages; may run at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{rebuild_message_counts()} chats corrected")
