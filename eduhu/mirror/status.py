"""How the mirror fares, as anybody can measure it, whether a drain lives or not."""

import datetime as dt
from dataclasses import dataclass

from eduhu.db import now
from eduhu.mirror import capture
from eduhu.mirror.models import MirrorState, OutboxEntry

COUNTED = 100_000  # an outage leaves more; nobody needs the exact number then
LONGEST_SILENCE = dt.timedelta(seconds=15)
LONGEST_LAG = 60.0  # seconds, until somebody should know


@dataclass(frozen=True, slots=True)
class Status:
    """The mirror at one moment.

    `depth` is the number of waiting entries, never more than `COUNTED`, and `lag`
    how long the oldest of them has waited (seconds). `parked` entries are in
    neither: they wait for a person. `rows_per_minute` are the rows sent in each of
    the last 60 minutes, the running one last.
    """

    is_on: bool
    depth: int
    parked: int
    lag: float
    rows_per_minute: tuple[int, ...]
    state: MirrorState

    @property
    def rows_last_hour(self) -> int:
        """How many rows were sent in these 60 minutes."""
        return sum(self.rows_per_minute)

    @property
    def is_led(self) -> bool:
        """Whether a drain has said lately that it leads."""
        # A clock that was set back has left a moment of the future, of somebody perhaps dead.
        return self.state.seen_at is not None and abs(now() - self.state.seen_at) < LONGEST_SILENCE

    @property
    def is_paused(self) -> bool:
        """Whether a person paused the sending."""
        return self.state.paused_at is not None


def measure() -> Status:
    """Return how the mirror fares now; four queries."""
    waiting = OutboxEntry.objects.filter(parked_at=None)
    parked = OutboxEntry.objects.filter(parked_at__isnull=False)
    oldest = waiting.order_by("id").values_list("created_at", flat=True).first()
    state = MirrorState.load()
    return Status(
        is_on=capture.is_on(),
        # In the order of an index, or a table of the one kind is read to count the other.
        depth=waiting.order_by("id")[:COUNTED].count(),
        parked=parked.order_by("id")[:COUNTED].count(),
        lag=max(0.0, (now() - oldest).total_seconds()) if oldest else 0.0,
        rows_per_minute=_rows_per_minute(state),
        state=state,
    )


def _rows_per_minute(state: MirrorState) -> tuple[int, ...]:
    counts = dict(state.sent_per_minute)
    running = int(now().timestamp() // 60)
    return tuple(counts.get(minute, 0) for minute in range(running - 59, running + 1))
