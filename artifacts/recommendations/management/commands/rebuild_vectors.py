"""`manage.py rebuild_vectors`: have all vectors of recommendations made again."""

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Let the vectors of all artifacts and chats be due; Celery makes them."

    def handle(self, *args: Any, **options: Any) -> None:
        from artifacts.recommendations.work import rebuild

        self.stdout.write(f"{rebuild()} vectors are due")
