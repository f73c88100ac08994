"""`manage.py rebuild_search`: find again what was written before there was a search."""

from typing import Any

from django.core.management.base import BaseCommand

from artifacts.library.search.rebuild import rebuild


class Command(BaseCommand):
    help = "Make what is searched again from all messages, chats and artifacts; at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{sum(rebuild())} rows can be found")
