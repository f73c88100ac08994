"""InstantDB through its official library: what we send and ask, and for how long.

Imported only where the mirror runs: the library brings an HTTP client of its own.
"""

import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, cast

import httpx
from django.conf import settings
from instantdb import Instant

from eduhu.mirror.deadline import bind, within
from eduhu.mirror.documents import REVISION, UUID, Document
from eduhu.mirror.failures import api_error, told_as_ours

# The server gives up on a statement after 30 s; who waits longer knows that nothing comes later.
ANSWER_SECONDS = 35.0
CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 60.0  # of a request: a server may also answer drop by drop


def client_of_settings(seconds: float | None = None) -> "InstantClient":
    """Return a client of the app that the settings name; no request takes longer than `seconds`."""
    return InstantClient(
        app_id=settings.INSTANT_APP_ID,
        admin_token=settings.INSTANT_APP_ADMIN_TOKEN,
        api_uri=settings.INSTANT_API_URI,
        seconds=seconds,
    )


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
        with told_as_ours(), within(self._seconds):
            yield

    def _admin(self, method: str, what: str, part: str, kind: Any, body: Any = None) -> Any:
        """Ask what the library does not know, and return a part of the answer."""
        path = f"/superadmin/apps/{self._app_id}/{what}"
        with self._asking():
            answer = self._http.request(method, path, headers=self._bearer, json=body)
            if not answer.is_success:
                raise api_error(answer)
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
