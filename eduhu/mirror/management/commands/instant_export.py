"""`manage.py instant_export`: writes a backup that InstantDB, or another eduhu, can restore."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from eduhu.mirror.backup.export import write_backup
from eduhu.mirror.backup.progress import Progress


class Command(BaseCommand):
    help = "Write all teachers, chats, messages, artifacts and preferences as they are now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the zip file; one that is there is replaced")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if path.is_dir():
            raise CommandError(f"{path} is a folder; name a file in it.", returncode=2)
        if path.exists() and not path.is_file():
            # It takes its name by a rename: of /dev/stdout or /dev/null nothing would be left.
            raise CommandError(f"{path} is no ordinary file; name another.", returncode=2)
        try:
            with Progress() as progress:
                counts = write_backup(path, progress)
        except OSError as error:
            text = f"{path} cannot be written: {error.strerror or error}."
            raise CommandError(text, returncode=2) from error
        except DatabaseError as error:
            text = f"Stopped by the database: {str(error).splitlines()[0]}"
            raise CommandError(text, returncode=2) from error
        for namespace, count in counts.items():
            self.stdout.write(f"{namespace}: {count:,}")
        self.stdout.write(f"{path} is written. It holds personal data; keep it safe.")
