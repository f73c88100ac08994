"""`manage.py seed_load`: a school year of rows, for load tests. Never in production."""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from knox.models import AuthToken

from eduhu.cache import invalidation
from eduhu.mirror import capture
from eduhu.progress import progress_bar
from eduhu.seeding.plan import Plan
from eduhu.seeding.rows import email
from eduhu.seeding.store import store
from teachers.models import Teacher


class Command(BaseCommand):
    help = (
        "Add teachers with preferences, chats, messages, replies and artifacts. The same numbers "
        "and seed make the same rows; running it again adds what is missing. They have no password."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--teachers", type=_at_least(1), default=10_000)
        parser.add_argument("--chats", type=_at_least(1), default=200_000)
        parser.add_argument("--messages", type=_at_least(0), default=2_000_000)
        parser.add_argument("--artifacts", type=_at_least(0), help="default: a fifth of the chats")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--tokens", type=Path, metavar="FILE", help="where to write bearer"
                            " tokens of the first teachers, as a JSON list")  # fmt: skip
        parser.add_argument("--token-count", type=_at_least(1), default=500, help="default: 500")
        parser.add_argument("--without-search", action="store_true", help="leave messages out of"
                            " the search, which takes longer than all else")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        _refuse_where_it_harms()
        plan = _plan(options)
        # Before the minutes of work: a folder that is not there must not spoil them.
        file = _private_file(options["tokens"]) if options["tokens"] else None
        started = time.monotonic()
        made = store(plan, progress_bar(plan.teachers, "teachers"))
        invalidation.forget_everything()  # COPY passes what tells the caches, too
        seconds = time.monotonic() - started
        self.stdout.write(f"{made} of {plan.teachers} teachers added in {seconds:.0f} s")
        if not options["without_search"]:
            # Messages are stored before their chats, so that no trigger made them findable.
            call_command("rebuild_search", missing=True, stdout=self.stdout)
        if file is not None:
            with os.fdopen(file, "w") as opened:
                json.dump(_new_tokens(plan, options["token_count"]), opened)


def _at_least(lowest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if value < lowest:
            raise argparse.ArgumentTypeError(f"must be {lowest} or more")
        return value

    return number


def _refuse_where_it_harms() -> None:
    if settings.ENVIRONMENT == "production":
        raise CommandError("Load data is never added in production.")
    if capture.is_on():
        # COPY passes the capture, and nobody wants millions of made-up rows in InstantDB.
        raise CommandError(
            "Load data is not mirrored: unset INSTANT_APP_ADMIN_TOKEN first. "
            "`manage.py mirror_reconcile --repair` copies it afterwards, if you want that."
        )


def _plan(options: dict[str, Any]) -> Plan:
    sizes = {name: options[name] for name in ("seed", "teachers", "chats", "messages", "artifacts")}
    if sizes["artifacts"] is None:
        sizes["artifacts"] = sizes["chats"] // 5
    return Plan(**sizes)


def _private_file(path: Path) -> int:
    """Open a file that only its owner may read, as tokens open accounts."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(file, 0o600)
    except OSError as error:
        raise CommandError(f"The tokens cannot be written: {error}") from error
    return file


def _new_tokens(plan: Plan, count: int) -> list[str]:
    addresses = [email(plan, number) for number in range(min(count, plan.teachers))]
    teachers = {each.email: each for each in Teacher.objects.filter(email__in=addresses)}
    return [AuthToken.objects.create(teachers[address])[1] for address in addresses]
