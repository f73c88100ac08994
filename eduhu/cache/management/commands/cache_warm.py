"""`manage.py cache_warm`: load what is likely asked for next, such as after a deployment."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from eduhu.cache import warming
from eduhu.cache.counts import store_counts


class Command(BaseCommand):
    help = "Load into the shared cache what the busiest teachers are likely to ask for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--hours", type=int, default=1, help="how far to look ahead")
        parser.add_argument("--teachers", type=int, default=1000)
        parser.add_argument("--seconds", type=float, default=warming.MAX_SECONDS)

    def handle(self, *args: Any, **options: Any) -> None:
        run = warming.warm(
            hours=options["hours"], teachers=options["teachers"], seconds=options["seconds"]
        )
        store_counts()
        self.stdout.write(f"{run.loaded} values of {run.teachers} teachers; {run.ended}")
