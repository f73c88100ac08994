"""Beat: its table, and its thread inside the web process (for `memory://` only).

Beat reads its table without a net: when the database fails it there, it ends. As a process
of its own it is started again by whoever watches over processes; here that is this file.
"""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from celery import Celery
from celery.beat import Service
from django.db import DatabaseError, connections
from django_celery_beat.schedulers import DatabaseScheduler

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1  # how long it sleeps at most, and so how long its end may take
AGAIN_SECONDS = 2.0


class Scheduler(DatabaseScheduler):
    """The table of what is due, whole or not at all.

    Its base class leaves out what the database could not take, logs that, and goes on
    without: after an outage at the start, nothing would be due for five minutes.
    """

    def update_from_dict(self, mapping: Mapping[str, Mapping[str, Any]]) -> None:
        """Write these entries of the settings into the table.

        Raises `DatabaseError` when one of them could not be written.
        """
        entries = {
            name: self.Entry.from_entry(name, app=self.app, **fields)  # type: ignore[no-untyped-call]
            for name, fields in mapping.items()
        }
        self.schedule.update({name: each for name, each in entries.items() if each.model.enabled})


class EmbeddedBeat:
    """Sends tasks that are due, until it is stopped, whatever happens to the database."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._service: Service | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="celery-beat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """End, and wait for it; harmless when it has not begun."""
        self._stopping.set()
        if self._service is not None:
            self._service.stop()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        self._app.set_current()
        while not self._stopping.is_set():
            try:
                self._serve()
            except DatabaseError as error:
                # Away, or too busy: one line each time, as an outage may be long.
                logger.warning("beat waits for its table (%s)", type(error).__name__)
            except Exception:
                logger.exception("beat ended and begins anew")
            connections.close_all()
            self._stopping.wait(AGAIN_SECONDS)

    def _serve(self) -> None:
        self._service = Service(
            self._app,
            max_interval=LOOK_SECONDS,
            scheduler_cls=Scheduler,
            remote_control=False,  # type: ignore[call-arg]  # its types are of an older version
        )
        if not self._stopping.is_set():  # who stops us now may have seen the one before
            self._service.start()
