"""What the drain that leads tells of itself, and what it is told: the row of `MirrorState`."""

import os
import socket
import time
from typing import Any

from eduhu.db import now
from eduhu.mirror.models import MirrorState

LOOK_SECONDS = 1.0  # how soon a pause is seen
BEAT_SECONDS = 5.0  # how often a drain without news says that it lives
MINUTES_KEPT = 60


class Paused(Exception):
    """A person wants nothing to be sent."""


class Recorder:
    """Collects in memory, and reads and writes the row at most once a second.

    All methods are for the thread of the drain; `is_paused` is for any thread.
    """

    def __init__(self) -> None:
        self.is_paused = False
        self._name = f"{socket.gethostname()}:{os.getpid()}"[:100]
        self._known = MirrorState()  # as the row was when we last read or wrote it
        self._news: dict[str, Any] = {}
        self._minutes: dict[int, int] = {}
        self._looked_at = self._wrote_at = float("-inf")

    def begin(self) -> None:
        """Read what others have left, as somebody who has just begun to lead."""
        self._looked_at = self._wrote_at = float("-inf")
        self._minutes = dict(MirrorState.load().sent_per_minute)
        self.beat()

    def beat(self) -> None:
        """Store the news and see whether a person paused us, if that is due."""
        if time.monotonic() < self._looked_at + LOOK_SECONDS:
            return
        self._known = MirrorState.load()
        self.is_paused = self._known.paused_at is not None
        self._looked_at = time.monotonic()
        if self._news or self._looked_at >= self._wrote_at + BEAT_SECONDS:
            MirrorState.write(leader=self._name, seen_at=now(), **self._news)
            for name, value in self._news.items():
                setattr(self._known, name, value)
            self._news = {}
            self._wrote_at = self._looked_at

    def sent(self, rows: int) -> None:
        """Count rows that InstantDB has taken."""
        if not rows:
            return
        minute = int(time.time() // 60)
        self._minutes[minute] = self._minutes.get(minute, 0) + rows
        self._minutes = {
            each: count for each, count in self._minutes.items() if each > minute - MINUTES_KEPT
        }
        self._news |= {"sent_at": now(), "sent_per_minute": sorted(self._minutes.items())}

    def schema_is_ready(self, is_ready: bool) -> None:
        """Note whether the app has our schema and permissions."""
        self._news["schema_ready_at"] = now() if is_ready else None

    def succeeded(self) -> None:
        """Note that InstantDB takes what it is sent."""
        self._note(failure="", failing_since=None, is_closed=False)

    def failed(self, reason: str, *, is_closed: bool) -> None:
        """Note why nothing arrives; `is_closed` when waiting alone will not help."""
        began = self._now_known("failing_since")
        if began is None or self._now_known("is_closed") != is_closed:
            began = now()
        self._note(failure=reason, failing_since=began, is_closed=is_closed)

    def _note(self, **values: Any) -> None:
        self._news |= {
            name: value for name, value in values.items() if self._now_known(name) != value
        }

    def _now_known(self, name: str) -> Any:
        return self._news.get(name, getattr(self._known, name))
