"""Requests whose fate is unknown: no answer came, or whoever sent them died."""

import logging
import time
from collections.abc import Iterable

from eduhu.mirror import compare, outbox
from eduhu.mirror.client import InstantClient
from eduhu.mirror.failures import MirrorError
from eduhu.mirror.outbox import Row

logger = logging.getLogger(__name__)

# InstantDB's own limit is 30 s: what was in flight has taken effect by then, or never will.
DOUBT_SECONDS = 35.0


class Doubts:
    """Rows that such a request may still overwrite with an older version."""

    def __init__(self, client: InstantClient) -> None:
        self._client = client
        self._rows: dict[Row, float] = {}  # and when its fate is certain

    def add(self, rows: Iterable[Row]) -> None:
        """Remember rows, and that a request about them may still be on its way."""
        self._rows |= dict.fromkeys(rows, time.monotonic() + DOUBT_SECONDS)

    def settle(self) -> None:
        """Send again what is different, once its fate is certain."""
        now = time.monotonic()
        due = [row for row, moment in self._rows.items() if moment <= now]
        try:
            outbox.enqueue(each.row for each in compare.different(self._client, due))
        except MirrorError as error:
            logger.warning("doubtful rows cannot be compared yet: %s", error)
            return
        for row in due:
            del self._rows[row]
