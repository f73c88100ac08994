"""What goes wrong with InstantDB, told by what can be done about it.

Imported only where the mirror runs: the library brings an HTTP client of its own.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from typing import Any

import httpx
from instantdb import InstantAPIError

LONGEST_PAUSE = 300.0  # seconds that a server may ask for
LONGEST_REASON = 500  # characters; it may be a page of a proxy
# What is said about single rows. Anything else, also what is new to us, is about the whole app.
ABOUT_ROWS = frozenset(
    {
        "param-missing", "param-malformed", "validation-failed", "record-not-unique",
        "record-foreign-key-invalid", "record-check-violation", "sql-raise",
        "parameter-limit-exceeded",
    }
)  # fmt: skip


class MirrorError(Exception):
    """InstantDB did not do what it was asked; the reason can be stored as text anywhere."""

    def __init__(self, reason: str) -> None:
        # What JSON may hold and PostgreSQL may not: who cannot note a failure cannot go on.
        storable = reason.encode("utf-8", "replace").decode().replace("\0", "?")
        super().__init__(storable)


class Unreachable(MirrorError):
    """No answer, or a 5xx: try again. The request may have taken effect, or do so later."""


class NotConnected(Unreachable):
    """Nobody was there; the request has taken no effect and never will."""


class Busy(MirrorError):
    """The server asks for patience; it has changed nothing."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Rejected(MirrorError):
    """These rows can never be stored as they are; others can."""


class Closed(MirrorError):
    """The app takes nothing: it is read-only or disabled, or it is none of ours."""


class NotOurs(Closed):
    """There is no such app for us: id, token or address are wrong."""


def api_error(answer: httpx.Response) -> InstantAPIError:
    """Return what the library would raise; a proxy's own page is no JSON."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    text = body.get("message") if isinstance(body, dict) else answer.reason_phrase
    return InstantAPIError(str(text), status=answer.status_code, body=body)


@contextmanager
def told_as_ours() -> Iterator[None]:
    """Turn what the library and its HTTP client raise into MirrorError."""
    try:
        yield
    except InstantAPIError as error:
        raise _meaning_of(error) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise NotConnected(f"{type(error).__name__}: {error}") from error
    except httpx.LocalProtocolError:
        # Its text holds the token, and this one goes to pages and logs.
        raise NotOurs("The app id or the token has characters that none has") from None
    except httpx.HTTPError as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise Closed(f"The answer is no JSON: {error}") from error
    except KeyError as error:
        raise Closed(f"The answer is none of InstantDB's, it has no {error}") from error
    except (TypeError, ValueError) as error:
        # Nothing was sent: the values cannot be written as JSON.
        raise Rejected(f"{type(error).__name__}: {error}") from error


def _meaning_of(error: InstantAPIError) -> MirrorError:
    body: dict[str, Any] = error.body if isinstance(error.body, dict) else {}
    kind = str(body.get("type") or error.status)
    reason = f"{kind}: {error}"[:LONGEST_REASON]
    if error.status == 429:
        return Busy(reason, _wanted_pause(error.hint))
    if error.status >= 500:
        return Unreachable(reason)
    if kind == "record-not-found" or error.status in (401, 403, 404):
        return NotOurs(reason)
    is_about_rows = (error.status == 400 and kind in ABOUT_ROWS) or error.status == 413
    return Rejected(reason) if is_about_rows else Closed(reason)


def _wanted_pause(hint: Any) -> float | None:
    """Return the seconds in `retry-after`, where there is such a number; never too many."""
    value = hint.get("retry-after") if isinstance(hint, dict) else None
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(max(0.0, float(value)), LONGEST_PAUSE)
