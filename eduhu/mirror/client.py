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

from eduhu.mirror.deadline import bind, within
from eduhu.mirror.documents import REVISION, UUID, Document

# The server gives up on a statement after 30 s; who waits longer knows that nothing comes later.
ANSWER_SECONDS = 35.0
CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 60.0  # of a request: a server may also answer drop by drop
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


def client_of_settings(seconds: float | None = None) -> "InstantClient":
    """Return a client of the app that the settings name; no request takes longer than `seconds`."""
    return InstantClient(
        app_id=settings.INSTANT_APP_ID,
        admin_token=settings.INSTANT_APP_ADMIN_TOKEN,
        api_uri=settings.INSTANT_API_URI,
        seconds=seconds,
    )


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


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a row: it holds `document`, or is gone (None)."""

    table: str
    row_id: uuid.UUID
    document: Document | None


class InstantClient:
    """One app, as its administrator. May be used from several threads at once."""

    def __init__(
        self, *, app_id: str, admin_token: str, api_uri: str, seconds: float | None = None
    ) -> None:
        self._http = httpx.Client(
            base_url=api_uri.rstrip("/"),
            timeout=httpx.Timeout(seconds or ANSWER_SECONDS, connect=CONNECT_SECONDS),
        )
        bind(self._http)
        self._seconds = seconds or WHOLE_SECONDS
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
        with self._asking():
            # Another server may say 200 as well, and what is taken for sent is forgotten.
            _part_of(self._instant.transact(steps), "tx-id", int)

    def rows(self, table: str, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Document]:
        """Return the rows that InstantDB holds, by id. Raises Unreachable, Busy or Closed."""
        found = self.query(table, {"$": {"where": {"id": {"$in": [str(each) for each in ids]}}}})
        return {uuid.UUID(row["id"]): row for row in found}

    def revisions(
        self, table: str, where: dict[str, Any], *, offset: int, limit: int
    ) -> list[tuple[uuid.UUID, float | None]]:
        """Return ids and revisions of rows, ordered by revision, then id; no revision is first.

        The revision must be indexed and typed. Raises Unreachable, Busy or Closed.
        """
        page = {"order": {REVISION: "asc"}, "offset": offset, "limit": limit, "fields": [REVISION]}
        found = self.query(table, {"$": {"where": where, **page}})
        return [(uuid.UUID(row["id"]), row.get(REVISION)) for row in found]

    def query(self, namespace: str, form: dict[str, Any]) -> list[Document]:
        """Return the rows a form asks for. Raises Unreachable, Busy, Rejected or Closed."""
        with self._asking():
            found = _part_of(self._instant.query({namespace: form}), namespace, list)
            return [_with_id(row) for row in found]

    def issue_token(self, person_id: uuid.UUID) -> str:
        """Return a new token by which a browser reads as this person; it never expires.

        Raises Unreachable, Busy, Rejected or Closed.
        """
        with self._asking():
            return self._instant.auth.create_token(id=str(person_id))

    def sign_out(self, person_id: uuid.UUID) -> None:
        """End all tokens of a person. Raises Unreachable, Busy, Rejected or Closed."""
        with self._asking():
            self._instant.auth.sign_out(id=str(person_id))

    def remove_person(self, person_id: uuid.UUID) -> None:
        """Remove what InstantDB knows of a person. Raises Unreachable, Busy, Rejected or Closed."""
        with self._asking():
            self._instant.auth.delete_user(id=str(person_id))

    def schema(self) -> dict[str, Any]:
        """Return the schema that the app has. Raises Unreachable, Busy or Closed."""
        return cast(dict[str, Any], self._admin("GET", "schema", "schema", dict))

    def permissions(self) -> dict[str, Any]:
        """Return the permissions that the app has. Raises Unreachable, Busy or Closed."""
        return self._admin("GET", "perms", "perms", dict | None) or {}

    def push_schema(self, schema: dict[str, Any]) -> bool:
        """Add what is missing; nothing is removed. Return whether all of it holds already.

        Raises Unreachable, Busy, Rejected or Closed.
        """
        body = {"schema": schema, "check_types": True, "supports_background_updates": True}
        return self._admin("POST", "schema/push/apply", "indexing-jobs", object, body) is None

    def push_permissions(self, rules: dict[str, Any]) -> None:
        """Replace the permissions. Raises Unreachable, Busy, Rejected or Closed."""
        self._admin("POST", "perms", "rules", object, {"code": rules})

    @contextmanager
    def _asking(self) -> Iterator[None]:
        with _our_errors(), within(self._seconds):
            yield

    def _admin(self, method: str, what: str, part: str, kind: Any, body: Any = None) -> Any:
        """Ask what the library does not know, and return a part of the answer."""
        path = f"/superadmin/apps/{self._app_id}/{what}"
        with self._asking():
            answer = self._http.request(method, path, headers=self._bearer, json=body)
            if not answer.is_success:
                raise _api_error(answer)
            return _part_of(answer.json(), part, kind)


def _part_of(answer: Any, name: str, kind: Any) -> Any:
    """Return a part of an answer. Raises KeyError for what InstantDB does not answer."""
    if not (isinstance(answer, dict) and isinstance(answer[name], kind)):
        raise KeyError(name)
    return answer[name]


def _with_id(row: Any) -> Document:
    """Return a row. Raises KeyError for what is none of InstantDB's."""
    if not UUID.fullmatch(str(_part_of(row, "id", str))):
        raise KeyError("id")
    return cast(Document, row)


def _api_error(answer: httpx.Response) -> InstantAPIError:
    """Return what the library would raise; a proxy's own page is no JSON."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    text = body.get("message") if isinstance(body, dict) else answer.reason_phrase
    return InstantAPIError(str(text), status=answer.status_code, body=body)


@contextmanager
def _our_errors() -> Iterator[None]:
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
