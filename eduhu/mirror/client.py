"""InstantDB through its official library: what we send, for how long, and what an error means.

Imported only where the mirror runs: the library brings an HTTP client of its own.
"""

import math
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from types import TracebackType
from typing import Any, Self, cast

import httpx
from django.conf import settings
from instantdb import Instant, InstantAPIError

from eduhu.mirror.documents import Document

# The server gives up on a statement after 30 s; who waits longer knows that nothing comes later.
ANSWER_SECONDS = 35.0
CONNECT_SECONDS = 5.0
# What is said about single rows. Anything else, also what is new to us, is about the whole app.
ABOUT_ROWS = frozenset(
    {
        "param-missing", "param-malformed", "validation-failed", "record-not-unique",
        "record-foreign-key-invalid", "record-check-violation", "sql-raise",
        "parameter-limit-exceeded",
    }
)  # fmt: skip


def client_of_settings() -> "InstantClient":
    """Return a client of the app that the settings name."""
    return InstantClient(
        app_id=settings.INSTANT_APP_ID,
        admin_token=settings.INSTANT_APP_ADMIN_TOKEN,
        api_uri=settings.INSTANT_API_URI,
    )


class MirrorError(Exception):
    """InstantDB did not do what it was asked."""


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
    """The app takes nothing: read-only, disabled, or not ours (id, token or address are wrong)."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a row: it holds `document`, or is gone (None)."""

    table: str
    row_id: uuid.UUID
    document: Document | None


class InstantClient:
    """One app, as its administrator. May be used from several threads at once."""

    def __init__(self, *, app_id: str, admin_token: str, api_uri: str) -> None:
        self._http = httpx.Client(
            base_url=api_uri.rstrip("/"),
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        )
        self._app_id = app_id
        self._bearer = {"authorization": f"Bearer {admin_token}"}
        # The library has no parameter for a deadline; a client to share is its only way.
        self._instant = Instant(
            app_id=app_id, admin_token=admin_token, api_uri=api_uri, _shared_client=self._http
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back the connections."""
        self._http.close()

    def transact(self, changes: Sequence[Change]) -> None:
        """Make all changes, or none. Raises Unreachable, Busy, Rejected or Closed.

        May be repeated. The server groups steps by kind, so no row may come twice.
        """
        steps = []
        for change in changes:
            row = self._instant.tx[change.table][str(change.row_id)]
            steps.append(row.delete() if change.document is None else row.update(change.document))
        with _our_errors():
            self._instant.transact(steps)

    def rows(self, table: str, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Document]:
        """Return the rows that InstantDB holds, by id. Raises Unreachable, Busy or Closed."""
        wanted = {"where": {"id": {"$in": [str(each) for each in ids]}}}
        with _our_errors():
            found = self._instant.query({table: {"$": wanted}})
        return {uuid.UUID(row["id"]): cast(Document, row) for row in found[table]}

    def schema(self) -> dict[str, Any]:
        """Return the schema that the app has. Raises Unreachable, Busy or Closed."""
        return cast(dict[str, Any], self._admin("GET", "schema")["schema"])

    def permissions(self) -> dict[str, Any]:
        """Return the permissions that the app has. Raises Unreachable, Busy or Closed."""
        return cast(dict[str, Any], self._admin("GET", "perms")["perms"] or {})

    def push_schema(self, schema: dict[str, Any]) -> bool:
        """Add what is missing; nothing is removed. Return whether all of it holds already.

        Raises Unreachable, Busy, Rejected or Closed.
        """
        body = {"schema": schema, "check_types": True, "supports_background_updates": True}
        return self._admin("POST", "schema/push/apply", body)["indexing-jobs"] is None

    def push_permissions(self, rules: dict[str, Any]) -> None:
        """Replace the permissions. Raises Unreachable, Busy, Rejected or Closed."""
        self._admin("POST", "perms", {"code": rules})

    def _admin(self, method: str, what: str, body: Any = None) -> dict[str, Any]:
        """Ask the part of the server that the library does not know."""
        path = f"/superadmin/apps/{self._app_id}/{what}"
        with _our_errors():
            answer = self._http.request(method, path, headers=self._bearer, json=body)
            if answer.is_error:
                details = answer.json()
                text = details.get("message", "")
                raise InstantAPIError(text, status=answer.status_code, body=details)
            return cast(dict[str, Any], answer.json())


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except InstantAPIError as error:
        raise _meaning_of(error) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise NotConnected(f"{type(error).__name__}: {error}") from error
    except httpx.HTTPError as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise Closed(f"The answer is no JSON: {error}") from error
    except (TypeError, ValueError) as error:
        # Nothing was sent: the values cannot be written as JSON.
        raise Rejected(f"{type(error).__name__}: {error}") from error


def _meaning_of(error: InstantAPIError) -> MirrorError:
    body: dict[str, Any] = error.body if isinstance(error.body, dict) else {}
    kind, reason = body.get("type"), f"{body.get('type') or error.status}: {error}"
    if error.status == 429:
        return Busy(reason, _wanted_pause(error.hint))
    if error.status >= 500:
        return Unreachable(reason)
    # 401, 403 and 404 come from something that is not the app we were told of.
    is_about_rows = (error.status == 400 and kind in ABOUT_ROWS) or error.status == 413
    return Rejected(reason) if is_about_rows else Closed(reason)


def _wanted_pause(hint: Any) -> float | None:
    """Return the seconds in `retry-after`, where there is such a number."""
    value = hint.get("retry-after") if isinstance(hint, dict) else None
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return max(0.0, float(value))
