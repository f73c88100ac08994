"""The thread that reads the switches in every process that serves or writes replies."""

import logging
import threading

from django.db import DatabaseError, InterfaceError

from eduhu.mirror.background import Background
from eduhu.own_connection import own_connection
from eduhu.switches import state

logger = logging.getLogger(__name__)

READ_SECONDS = 1.0


class Reader:
    """Reads at once, and then every second; what was read last holds while the database is away.

    It has a connection beside the pool, and keeps it: when the pool is used up is when
    switches are needed most.
    """

    def __init__(self, kind: str) -> None:
        self._loop = Background("switches", self._read)

    def start(self) -> None:
        """Begin."""
        self._loop.start()

    def stop(self) -> None:
        """End."""
        self._loop.stop()

    def _read(self, stop: threading.Event) -> None:
        is_failing = False
        while not stop.is_set():
            try:
                with own_connection():
                    while not stop.is_set():
                        state.load()
                        is_failing = False
                        stop.wait(READ_SECONDS)
            except (DatabaseError, InterfaceError) as error:
                if not is_failing:
                    logger.warning("switches stay as they are: %s", type(error).__name__)
                is_failing = True
                stop.wait(READ_SECONDS)
