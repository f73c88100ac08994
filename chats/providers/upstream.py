"""What every provider reached over HTTP needs: faults as our errors, and deadlines."""

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from eduhu.errors import (
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
)

_LONGEST_WAIT = 300
_TRANSIENT = {408, 409, 425}
_OVER_LIMIT = ("rate_limit", "insufficient_quota")
_REFUSALS = ("invalid", "context_length", "auth", "not_found", "permission", "billing", "too_large")


def error_for_status(status: int, retry_after: str | None = None) -> ProviderError:
    """Return the error that an HTTP status other than 200 stands for.

    `retry_after` is the header as it came. Redirects are refused like any other
    answer: following one could send the key to another host.
    """
    wait = parse_retry_after(retry_after)
    if status == 429:
        return ProviderRateLimited(retry_after=wait)
    if status < 300 or status >= 500 or status in _TRANSIENT:
        return ProviderUnavailable(retry_after=wait)
    return ProviderRefused()


def error_for_fault(fault: Any) -> ProviderError:
    """Return the error for an error object (any JSON) in a stream, where no status is left."""
    named = fault if isinstance(fault, dict) else {}
    for status in (named.get("code"), named.get("status")):
        if str(status).isdecimal() and 300 <= int(str(status)) < 600:
            return error_for_status(int(str(status)))
    kind = f"{named.get('code')} {named.get('type')}".lower()
    if any(word in kind for word in _OVER_LIMIT):
        return error_for_status(429)
    if any(word in kind for word in _REFUSALS):
        return error_for_status(400)
    return ProviderUnavailable()


def describe_fault(fault: Any) -> str:
    """Return a provider's error object (any JSON) as a short line for our log."""
    if isinstance(fault, dict):
        return " ".join(str(fault[key]) for key in ("code", "type", "message") if fault.get(key))
    return fault if isinstance(fault, str) else type(fault).__name__


def parse_retry_after(value: str | None) -> int | None:
    """Read a Retry-After header (seconds or HTTP date) as 1-300 seconds; None if unreadable."""
    if not value:
        return None
    try:
        seconds = _seconds_until(value.strip())
    except (ValueError, OverflowError):
        return None
    return min(max(math.ceil(seconds), 1), _LONGEST_WAIT) if math.isfinite(seconds) else None


def _seconds_until(value: str) -> float:
    if value[:1].isalpha():
        moment = parsedate_to_datetime(value)
        # "-0000" in a date means "UTC, but not said where": it is parsed as naive.
        return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return float(value)


class Watchdog:
    """Calls `on_expiry` once when a stream was silent for too long, or is too old.

    `total` is measured from its creation and holds always; the time allowed for
    silence is set by `expect` and suspended by `rest`. One timer per stream
    that follows lazily, instead of a timer per token.
    """

    __slots__ = ("_ends_at", "_loop", "_on_expiry", "_silent_at", "_timer", "expired")

    def __init__(self, on_expiry: Callable[[], None], total: float) -> None:
        self.expired = False
        self._loop = asyncio.get_running_loop()
        self._on_expiry = on_expiry
        self._ends_at = self._silent_at = self._loop.time() + total
        self._timer = self._loop.call_at(self._ends_at, self._look)

    def expect(self, seconds: float) -> None:
        """Allow `seconds` from now until the next sign of life."""
        self._silent_at = self._loop.time() + seconds
        if self._silent_at < self._timer.when():
            self._arm()

    def rest(self) -> None:
        """Stop measuring silence: the peer is not the one we wait for."""
        self._silent_at = self._ends_at

    def stop(self) -> None:
        """Never expire any more; may be called twice."""
        self._timer.cancel()

    def _arm(self) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_at(min(self._silent_at, self._ends_at), self._look)

    def _look(self) -> None:
        if self._loop.time() < min(self._silent_at, self._ends_at):
            self._arm()
            return
        self.expired = True
        self._on_expiry()
