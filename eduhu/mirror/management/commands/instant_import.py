"""`manage.py instant_import`: brings a backup of InstantDB, or a running app, into our tables."""

import sqlite3
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from eduhu.mirror import capture
from eduhu.mirror.backup.archive import Unusable, open_archive, read_config
from eduhu.mirror.backup.config import Config, parse_config
from eduhu.mirror.backup.mapping import Mapped, Named, read_mapping, resolve
from eduhu.mirror.backup.progress import Progress
from eduhu.mirror.backup.report import Report
from eduhu.mirror.backup.restore import Restore
from eduhu.mirror.backup.scratch import Scratch
from eduhu.mirror.backup.survey import survey


class Command(BaseCommand):
    help = (
        "Import a backup of InstantDB. May be repeated, also after it was killed. Exit code 0:"
        " all of it is here; 1: some lines were skipped; 2: not usable, or stopped on the way."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", type=Path, nargs="?", help="a backup: zip file, or folder")
        parser.add_argument("--live", action="store_true", help="read a running app instead")
        parser.add_argument("--app-id", default=settings.INSTANT_APP_ID, help="with --live")
        parser.add_argument(
            "--admin-token",
            default=settings.INSTANT_APP_ADMIN_TOKEN,
            help="with --live; in INSTANT_APP_ADMIN_TOKEN no list of processes shows it",
        )
        parser.add_argument("--api-uri", default=settings.INSTANT_API_URI, help="with --live")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen")
        parser.add_argument("--mapping", type=Path, help="JSON: how the backup names things")
        parser.add_argument("--report", type=Path, help="write down each line not taken as it is")
        parser.add_argument(
            "--mirror", action="store_true", help="send the imported rows to InstantDB as new"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if (options["backup"] is None) != options["live"]:
            raise CommandError("Name a backup, or say --live.", returncode=2)
        if options["live"] and not options["admin_token"]:
            raise CommandError("--live needs INSTANT_APP_ADMIN_TOKEN.", returncode=2)
        with _stops(), Report(options["report"]) as report, Progress() as progress:
            named = read_mapping(options["mapping"])
            with _found(options, named, progress) as path:
                self._import(path, named, report, progress, options)
        self._conclude(report, options)

    def _import(
        self, path: Path, named: Named, report: Report, progress: Progress, options: dict[str, Any]
    ) -> None:
        archive = open_archive(path)
        config = parse_config(read_config(archive))
        mapping = resolve(named, config)
        progress.clear()
        self._introduce(config, mapping)
        with Scratch() as scratch, nullcontext() if options["mirror"] else capture.paused():
            survey(archive, config, mapping, scratch, progress)
            Restore(archive, mapping, scratch, report, progress, options["dry_run"]).run()

    def _introduce(self, config: Config, mapping: dict[str, Mapped]) -> None:
        self.stdout.write(f"Backup of the app {config.app_id}, made at {config.backup_at}.")
        taken = {each.namespace: table for table, each in mapping.items()}
        for namespace, count in sorted(config.counts.items()):
            table = taken.get(namespace, "no table of ours, left out")
            self.stdout.write(f"  {namespace}: {count:,} → {table}")
        for each in mapping.values():
            used = {label for labels in each.labels.values() for label in labels}
            if ignored := config.attributes.get(each.namespace, frozenset()) - used:
                self.stdout.write(f"  left out of {each.namespace}: {', '.join(sorted(ignored))}")

    def _conclude(self, report: Report, options: dict[str, Any]) -> None:
        if options["dry_run"]:
            self.stdout.write("This would happen; nothing was written:")
        for line in report.lines():
            self.stdout.write(line)
        # Not while lines are missing here: in the same app a repair would delete them.
        is_silent = options["mirror"] or options["dry_run"] or report.skipped
        if capture.is_on() and not is_silent:
            self.stdout.write("InstantDB was not told. To copy the rows: mirror_reconcile --repair")
        if report.skipped:
            where = options["report"] or "--report FILE"
            raise CommandError(
                f"{report.skipped:,} lines were skipped; {where} says which.", returncode=1
            )


@contextmanager
def _found(options: dict[str, Any], named: Named, progress: Progress) -> Iterator[Path]:
    """Yield where the backup is; a running app is read into a folder that goes afterwards."""
    if not options["live"]:
        yield options["backup"]
        return
    # Imported here: they bring a second HTTP client, which only the mirror needs.
    from eduhu.mirror.backup.live import Pull
    from eduhu.mirror.client import InstantClient
    from eduhu.mirror.failures import MirrorError, NotOurs

    app_id, uri = options["app_id"], options["api_uri"]
    client = InstantClient(app_id=app_id, admin_token=options["admin_token"], api_uri=uri)
    with TemporaryDirectory(prefix="eduhu-") as folder:
        try:
            with client:
                Pull(client, app_id, Path(folder), progress).run(named)
        except NotOurs as error:
            raise Unusable(f"App id, token or address are wrong: {error}") from error
        except MirrorError as error:
            raise Unusable(f"{uri} does not take part: {error}") from error
        yield Path(folder)


@contextmanager
def _stops() -> Iterator[None]:
    """Say what stopped an import, and what is there now."""
    again = "What was imported stays; run the same command again to go on."
    try:
        yield
    except Unusable as error:
        raise CommandError(str(error), returncode=2) from error
    except (OSError, sqlite3.Error) as error:
        raise CommandError(f"Stopped: {error}. {again}", returncode=2) from error
    except DatabaseError as error:
        reason = str(error).splitlines()[0]
        raise CommandError(f"Stopped by the database: {reason}. {again}", returncode=2) from error
