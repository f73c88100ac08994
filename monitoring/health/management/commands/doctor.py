"""`manage.py doctor`: one line for each dependency."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitoring.health.dependencies import dependencies
from monitoring.health.watch import Checker


class Command(BaseCommand):
    help = "Ask everything eduhu depends on; one line each, exits 1 when any fails."
    requires_system_checks: list[str] = []  # it shall speak, also where settings are wrong

    def handle(self, *args: Any, **options: Any) -> None:
        results = asyncio.run(Checker(dependencies()).run())
        for each in results:
            mark = "ok    " if each.is_ok else "FAILED"
            self.stdout.write(
                f"{mark} {each.name:<13} {each.seconds * 1000:6.0f} ms  {each.reason}"
            )
        if not all(each.is_ok for each in results):
            raise CommandError("Not everything eduhu depends on works.")
