"""`manage.py rebuild_search`: find again what was written before there was a search."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from artifacts.library.search.find import SOURCES
from artifacts.library.search.rebuild import MODELS, incomplete, rebuild
from eduhu.progress import progress_bar


class Command(BaseCommand):
    help = "Make what is searched again from all messages, chats and artifacts; at any time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--missing", action="store_true", help="only where fewer rows"
                            " can be found than there are")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        sources = incomplete() if options["missing"] else tuple(SOURCES)
        total = sum(MODELS[source].objects.count() for source in sources)
        draw, done = progress_bar(total, "rows"), 0
        for rows in rebuild(sources):
            done += rows
            draw(min(done, total))  # more may have come meanwhile
        self.stdout.write(f"{done} rows made findable")
