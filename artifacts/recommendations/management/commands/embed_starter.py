"""`manage.py embed_starter`: make the vectors of the starter library, after a change of it."""

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Write starter_vectors.json from the files of the starter library."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        from artifacts.recommendations.starter import write_vectors

        self.stdout.write(f"{write_vectors()} vectors")
