"""The app of a stand-in for InstantDB: what each request of its API does, and who may.

A reader is the administrator, a user (by a token), or nobody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.instant_answer import Node, as_tree
from tests.fakes.instant_people import People
from tests.fakes.instant_query import run
from tests.fakes.instant_rules import Rules
from tests.fakes.instant_store import Store
from tests.fakes.instant_values import UUID, Refusal, Row, not_found

APP_ID = "11111111-1111-4111-8111-111111111111"
TOKEN = "22222222-2222-4222-8222-222222222222"
CLOSED = {
    "read-only": "This app is in read-only mode.",
    "disabled": "This app is currently disabled.",
}


@dataclass(frozen=True)
class Reader:
    """Who asks. The administrator is bound by no rule."""

    is_admin: bool = False
    user: Row | None = None


class NoRoute(Exception):
    """There is nothing at this path: 404."""


@dataclass
class App:
    """One app. `status` is None, "read-only" or "disabled"."""

    store: Store = field(default_factory=Store)
    permissions: Any = None
    status: str | None = None

    def __post_init__(self) -> None:
        self.people = People(self.store)

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: Any) -> Any:
        """Return the answer to a request. Raises Refusal or NoRoute."""
        if path == "/runtime/auth/verify_refresh_token":
            token = _param(body, "refresh-token", str)
            return {"user": {**self.people.of_token(token), "refresh_token": token}}
        if path in ("/admin/query", "/admin/transact"):
            reader = self.reader(headers)
            return (
                self._query(reader, body) if path.endswith("query") else self._write(reader, body)
            )
        self._demand_admin(headers, path)
        for end, act in self._routes(method).items():
            if path.endswith(end):
                return act(body)
        raise NoRoute

    def _routes(self, method: str) -> dict[str, Callable[[Any], Any]]:
        return {
            "/admin/refresh_tokens": self._issue_token,
            "/admin/sign_out": self._sign_out,
            "/admin/users": self._find_person if method == "GET" else self._remove_person,
            "/schema/push/apply": self._push_schema,
            "/schema": lambda _body: {"schema": self.store.pulled_schema()},
            "/perms": self._show_permissions if method == "GET" else self._push_permissions,
        }

    # --- Who asks ---

    def reader(self, headers: Mapping[str, str]) -> Reader:
        """Return who sends these headers; a token and a guest need no administrator. Raises Refusal."""
        if token := headers.get("as-token"):
            if not UUID.fullmatch(token):
                raise Refusal("param-malformed", 'Malformed parameter: ["asUser" "token"]', {})
            return Reader(user=self.people.of_token(token))
        if headers.get("as-guest") and not headers.get("as-email"):
            return Reader()
        self._demand_admin(headers, "")
        if email := headers.get("as-email"):
            user = self.people.find({"email": email})
            if user is None:
                raise not_found("app-user", {"email": email})
            return Reader(user=user)
        return Reader(is_admin=True)

    def _demand_admin(self, headers: Mapping[str, str], path: str) -> None:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        in_path = path.split("/")[3:4] if path.startswith(("/superadmin/", "/dash/")) else []
        app_id = headers.get("app-id") or "".join(in_path)
        if (app_id, token) != (APP_ID, TOKEN):
            refusal = not_found("app-admin-token", {"app-id": app_id, "token": token})
            refusal.body["hint"]["message"] = (
                "This admin token may be expired or invalid."
                " Or you may have provided an incorrect app ID."
            )
            raise refusal

    def demand_open(self, *closed: str) -> None:
        """Raise Refusal when the app is in one of these states."""
        if self.status in closed:
            assert self.status is not None
            raise Refusal(f"app-{self.status}", CLOSED[self.status], {"status": self.status})

    # --- Rows ---

    def read(self, reader: Reader, query: Any) -> dict[str, Node]:
        """Answer a query, without the rows that no rule shows to the reader. Raises Refusal."""
        self.demand_open("disabled")
        rules = Rules(self.permissions)

        def sees(namespace: str, row: Row) -> bool:
            return reader.is_admin or rules.allows(reader.user, "view", namespace, row)

        return run(self.store, query, sees)

    def write(self, reader: Reader, steps: Any, *, strict: bool = False) -> int:
        """Take all steps, or none and raise Refusal."""
        self.demand_open(*CLOSED)
        rules = Rules(self.permissions)

        def guard(namespace: str, before: Row | None, after: Row | None) -> None:
            rules.demand(reader.user, namespace, before, after)

        return self.store.transact(steps, strict=strict, guard=None if reader.is_admin else guard)

    def _query(self, reader: Reader, body: Any) -> Any:
        return as_tree(self.store, self.read(reader, _param(body, "query", dict)))

    def _write(self, reader: Reader, body: Any) -> Any:
        strict = bool(body.get("throw-on-missing-attrs?"))
        return {"tx-id": self.write(reader, _param(body, "steps", list), strict=strict)}

    # --- People ---

    def _issue_token(self, body: Any) -> Any:
        self.demand_open(*CLOSED)
        return self.people.issue(body)

    def _sign_out(self, body: Any) -> Any:
        self.people.sign_out(body)
        return {"ok": True}

    def _find_person(self, body: Any) -> Any:
        return {"user": self.people.find(body)}

    def _remove_person(self, body: Any) -> Any:
        self.demand_open(*CLOSED)
        return {"deleted": self.people.remove(body)}

    # --- Schema and permissions ---

    def _push_schema(self, body: Any) -> Any:
        self.store.push_schema(_param(body, "schema", dict))
        return {"indexing-jobs": None}

    def _show_permissions(self, _body: Any) -> Any:
        return {"perms": self.permissions}

    def _push_permissions(self, body: Any) -> Any:
        code = _param(body, "code", dict)
        Rules(code).check()
        self.permissions = code
        return {"rules": {"app_id": APP_ID, "code": code, "version": 1}}


def _param(body: Any, name: str, kind: type) -> Any:
    value = body.get(name) if isinstance(body, dict) else None
    if value is None:
        raise Refusal(
            "param-missing", f'Missing parameter: ["body" "{name}"]', {"in": ["body", name]}
        )
    if not isinstance(value, kind):
        raise Refusal(
            "param-malformed", f'Malformed parameter: ["body" "{name}"]', {"in": ["body", name]}
        )
    return value
