"""Who has signed in to a stand-in for InstantDB: users, and the tokens that prove it."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.instant_store import Store
from tests.fakes.instant_values import Refusal, Row, invalid, not_found

USERS = "$users"


@dataclass
class People:
    """Users are rows of `$users`; a token lasts until it is signed out or its user is gone."""

    store: Store
    tokens: dict[str, str] = field(default_factory=dict)  # token → id of the user

    def issue(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a new token for a user, who is made if there is none. Raises Refusal."""
        user = self.find(body)
        created = user is None
        if user is None:
            user = {"id": body.get("id") or str(uuid.uuid4()), "email": body.get("email")}
            self.store.transact([["update", USERS, user["id"], user]])
        token = str(uuid.uuid4())
        self.tokens[token] = user["id"]
        return {"user": {**user, "refresh_token": token}, "created": created}

    def find(self, named: dict[str, Any]) -> Row | None:
        """Return the user with this id, e-mail address or token. Raises Refusal."""
        users = self.store.rows.get(USERS, {})
        if named.get("email"):
            return next((u for u in users.values() if u.get("email") == named["email"]), None)
        if "refresh_token" in named:
            return users.get(self.tokens.get(named["refresh_token"], ""))
        if "id" not in named:
            raise invalid("params", named, "Please provide a user id, email, or refresh_token")
        try:
            return users.get(str(uuid.UUID(named["id"])))
        except ValueError as error:
            raise Refusal("param-malformed", 'Malformed parameter: ["body" "id"]', {}) from error

    def of_token(self, token: str) -> Row:
        """Return whose token this is. Raises Refusal."""
        user = self.find({"refresh_token": token})
        if user is None:
            raise not_found("app-user", {"refresh-token": token})
        return user

    def sign_out(self, named: dict[str, Any]) -> None:
        """End one token, or all of a user; ending none is fine."""
        user = self.find(named)
        ended = named.get("refresh_token")
        self.tokens = {
            token: user_id
            for token, user_id in self.tokens.items()
            if token != ended and (ended or user is None or user_id != user["id"])
        }

    def remove(self, named: dict[str, Any]) -> Row | None:
        """Remove a user and all their tokens; return who it was."""
        user = self.find(named)
        if user is not None:
            self.sign_out({"id": user["id"]})
            self.store.transact([["delete", USERS, user["id"], None]])
        return user
