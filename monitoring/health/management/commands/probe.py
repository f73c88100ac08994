"""`manage.py probe`: use what teachers use, once."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from monitoring.health import probes


class Command(BaseCommand):
    help = (
        "Use each critical endpoint of a running eduhu, with one whole reply; exits 1 on failure."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=settings.PROBE_URL or "http://127.0.0.1:8000")

    def handle(self, *args: Any, **options: Any) -> None:
        outcomes = probes.run(options["url"])
        for each in outcomes:
            told = each.reason or "ok"
            self.stdout.write(f"{each.name:<12} {each.seconds * 1000:7.0f} ms  {told}")
        if any(each.reason for each in outcomes):
            raise CommandError(f"Not everything that teachers use works at {options['url']}.")
