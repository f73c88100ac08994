"""`manage.py mirror_reconcile`: compares our rows with InstantDB's, and repairs what differs."""

import argparse
import datetime as dt
import re
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from eduhu.mirror import capture
from eduhu.mirror.commands import AskingCommand, taking_part
from eduhu.mirror.models import ReconcileReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from eduhu.mirror.client import InstantClient
    from eduhu.mirror.outbox import Row
    from eduhu.mirror.reconcile import Progress

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
BAR = 30  # characters
FOREIGN = "%d rows in InstantDB were not written by eduhu"


def moment(text: str) -> dt.datetime:
    """Return a moment in the past. Raises ArgumentTypeError."""
    try:
        if match := re.fullmatch(r"(\d{1,9})([smhd])", text):
            return timezone.now() - dt.timedelta(**{UNITS[match[2]]: int(match[1])})
        day = parse_date(text)
        found = parse_datetime(text) if day is None else dt.datetime.combine(day, dt.time())
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time like 2026-03-01T08:00 or 90m")
    found = found if timezone.is_aware(found) else timezone.make_aware(found)
    if found > timezone.now():
        raise argparse.ArgumentTypeError(f"{text!r} is in the future")
    return found


class Command(AskingCommand):
    help = (
        "Compare our rows with InstantDB's. Exit code 0: equal; 1: rows differ;"
        " 2: InstantDB does not take part, or wrong arguments. May run at any time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--repair", action="store_true", help="send what differs, and compare once more"
        )
        parser.add_argument(
            "--keep-foreign", action="store_true",
            help="with --repair: leave rows in InstantDB that eduhu did not write",
        )  # fmt: skip
        parser.add_argument(
            "--table", action="append", choices=sorted(capture.sources()), help="only this table"
        )
        parser.add_argument(
            "--since", type=moment,
            help="only rows written since a time (2026-03-01T08:00) or for so long (90m, 2d)",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        if options["keep_foreign"] and not options["repair"]:
            raise CommandError("--keep-foreign goes with --repair.", returncode=2)
        self.demand_settings()
        # Imported here: they bring a second HTTP client, which only the mirror needs.
        from eduhu.mirror.client import client_of_settings
        from eduhu.mirror.reconcile import reported

        scope = {
            "tables": list(dict.fromkeys(options["table"] or capture.sources())),
            "since": options["since"],
            "is_repair": options["repair"],
        }
        with taking_part(), client_of_settings() as client, reported(**scope) as report:
            act = self._keep if options["keep_foreign"] else self._delete
            left = self._run(client, report, act)
        self._tell(report)
        if left:
            raise CommandError(f"{left} rows differ")

    def _run(
        self,
        client: "InstantClient",
        report: ReconcileReport,
        on_foreign: "Callable[[list[Row]], None]",
    ) -> int:
        """Return how many rows differ in the end. Raises MirrorError."""
        from eduhu.mirror import reconcile, schema
        from eduhu.mirror.drain import EmbeddedMirror

        schema.demand(client)
        if not report.is_repair:
            reconcile.compare(client, report, self._progress(report))
            return report.found
        # It leads only if no other drain does.
        drain = EmbeddedMirror()
        drain.start()
        try:
            return reconcile.repair(client, report, self._progress(report), on_foreign)
        finally:
            drain.stop()

    def _delete(self, rows: "list[Row]") -> None:
        from eduhu.mirror.reconcile import send_again

        self._end_bar()
        self.stdout.write(f"{FOREIGN % len(rows)} and are deleted there now")
        send_again(rows)

    def _keep(self, rows: "list[Row]") -> None:
        self._end_bar()
        self.stdout.write(f"{FOREIGN % len(rows)} and stay there")

    def _progress(self, report: ReconcileReport) -> "Progress":
        """Return what draws a bar, on a terminal."""
        if not self.stdout.isatty():
            return lambda _compared: None
        from eduhu.mirror.reconcile import size_of

        total = max(1, size_of(report))

        def draw(compared: int) -> None:
            done = min(1.0, compared / total)
            bar = "#" * int(done * BAR)
            self.stdout.write(f"\r[{bar:.<{BAR}}] {compared} of {total} rows", ending="")

        return draw

    def _end_bar(self) -> None:
        if self.stdout.isatty():
            self.stdout.write("")

    def _tell(self, report: ReconcileReport) -> None:
        self._end_bar()
        for each in report.sample:
            self.stdout.write(f"{each['table']} {each['row_id']} {each['kind']}")
        text = (
            f"{report.compared} rows compared: {report.missing} missing, {report.extra} extra,"
            f" {report.foreign} foreign, {report.different} different"
        )
        self.stdout.write(f"{text}; {report.repaired} repaired" if report.is_repair else text)
        if report.foreign and not report.is_repair:
            self.stdout.write(f"{FOREIGN % report.foreign}; --repair would delete them there")
