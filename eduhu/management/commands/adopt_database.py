"""`manage.py adopt_database`: a copy of another environment's database becomes ours."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from eduhu.environments import KEY, marked_database
from eduhu.models import Installation


class Command(BaseCommand):
    help = "Make the database that DATABASE_URL names one of this environment, which must be meant."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="theirs", required=True, help="whose it is now")

    def handle(self, *args: Any, **options: Any) -> None:
        theirs = marked_database()
        if theirs != options["theirs"]:
            raise CommandError(f"This database belongs to {theirs}.")
        Installation.objects.update(environment=settings.ENVIRONMENT)
        if settings.REDIS_URL:
            from redis import Redis

            with Redis.from_url(settings.REDIS_URL) as client:
                client.delete(KEY)
        self.stdout.write(f"It belongs to {settings.ENVIRONMENT} now.")
