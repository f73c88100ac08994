"""`manage.py mirror_schema`: pushes schema and permissions to InstantDB, or compares them."""

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from eduhu.mirror.commands import AskingCommand, taking_part

if TYPE_CHECKING:
    from eduhu.mirror.client import InstantClient


class Command(AskingCommand):
    help = "Push schema and permissions; asks nothing, removes nothing, may run at any time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; exit code 1 if anything differs"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.demand_settings()
        # Imported here: it brings a second HTTP client, which only the mirror needs.
        from eduhu.mirror.client import client_of_settings

        with taking_part(), client_of_settings() as client:
            self._push_or_check(client, only_check=options["check"])

    def _push_or_check(self, client: "InstantClient", *, only_check: bool) -> None:
        from eduhu.mirror import schema

        lines = schema.differences(client)
        for line in lines:
            self.stdout.write(line)
        if not lines:
            self.stdout.write("InstantDB has our schema and permissions.")
        elif only_check:
            raise CommandError(f"{len(lines)} differences")
        else:
            # First who may read, then what there is to read.
            client.push_permissions(schema.permissions())
            is_done = client.push_schema(schema.schema())
            self.stdout.write("pushed" if is_done else "pushed; InstantDB is still indexing")
