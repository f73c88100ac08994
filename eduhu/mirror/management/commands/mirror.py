"""`manage.py mirror`: carries committed changes to InstantDB, as a process of its own."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eduhu.companions import Companions
from eduhu.environments import refuse_foreign_data
from eduhu.metrics import sampler
from eduhu.mirror import capture


class Command(BaseCommand):
    help = "Send committed changes to InstantDB; needs INSTANT_APP_ADMIN_TOKEN. Ends at SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        if not capture.is_on():
            raise CommandError("The mirror is off: INSTANT_APP_ADMIN_TOKEN is not set.")
        self.check(tags=["security"])
        refuse_foreign_data()
        # Imported here: it brings a second HTTP client, which only the mirror needs.
        from eduhu.mirror import drain
        from eduhu.mirror.client import client_of_settings
        from eduhu.mirror.failures import MirrorError, NotOurs

        try:
            with client_of_settings() as client:
                client.permissions()
        except NotOurs as error:
            text = f"InstantDB knows no such app, or not by this address: {error}"
            raise CommandError(text, returncode=2) from error
        except MirrorError as error:
            self.stderr.write(f"InstantDB does not take part yet: {error}")
        stop = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_signal: stop.set())
        sampler.begin("mirror")
        with Companions("mirror"):
            drain.run(stop)
