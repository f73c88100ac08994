"""What this process knows of PostgreSQL being away."""

import time
from typing import Any

KNOWN_SECONDS = 1.0  # how long nobody asks after a failed attempt; then somebody tries again

_noticed = -KNOWN_SECONDS


def notice(_pool: Any) -> None:
    """Remember that no connection could be made (the pool calls this)."""
    global _noticed
    _noticed = time.monotonic()


def is_known() -> bool:
    """Whether PostgreSQL was found to be away a moment ago."""
    return time.monotonic() - _noticed < KNOWN_SECONDS
