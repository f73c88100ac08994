"""Permissions of a stand-in for InstantDB: who may see, make, change or delete a row.

Of CEL it knows what our rules need: names (`auth.id`, `data.x`), texts, true, false,
null, `==`, `!=`, `!`, `&&`, `||` and brackets. Anything else does not compile.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.instant_values import Refusal, Row, invalid

Names = dict[str, Any]
Rule = Callable[[Names], Any]
TOKEN = re.compile(r"\s*(&&|\|\||==|!=|!|\(|\)|\"[^\"]*\"|'[^']*'|[A-Za-z_$][\w.]*)")
CONSTANTS = {"true": True, "false": False, "null": None}
# What counts where no rule is written; for all other namespaces everything is allowed.
UNWRITTEN = {
    "$users": {"view": "auth.id == data.id", "update": "auth.id == data.id", "delete": "false"}
}


class _Parser:
    """Recursive descent; each method returns what evaluates the rest of its level."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = TOKEN.findall(text)
        if TOKEN.sub("", text).strip():
            raise self._refusal()
        self._tokens.append("")

    def rule(self) -> Rule:
        found = self._either()
        if self._tokens != [""]:
            raise self._refusal()
        return found

    def _refusal(self) -> Refusal:
        return invalid("rule", self._text, f"This does not compile: {self._text}")

    def _next(self, *wanted: str) -> str | None:
        return self._tokens.pop(0) if self._tokens[0] in wanted else None

    def _either(self) -> Rule:
        left = self._both()
        while self._next("||"):
            left = (lambda a, b: lambda names: a(names) or b(names))(left, self._both())
        return left

    def _both(self) -> Rule:
        left = self._compared()
        while self._next("&&"):
            left = (lambda a, b: lambda names: a(names) and b(names))(left, self._compared())
        return left

    def _compared(self) -> Rule:
        left = self._single()
        if operator := self._next("==", "!="):
            right = self._single()
            return lambda names: (left(names) == right(names)) == (operator == "==")
        return left

    def _single(self) -> Rule:
        if self._next("!"):
            negated = self._single()
            return lambda names: not negated(names)
        if self._next("("):
            inner = self._either()
            if not self._next(")"):
                raise self._refusal()
            return inner
        token = self._tokens.pop(0)
        if token in ("", ")") or not re.match(r"[\w$\"']", token):
            raise self._refusal()
        if token[0] in "\"'":
            return lambda names: token[1:-1]
        if token in CONSTANTS:
            return lambda names: CONSTANTS[token]
        return lambda names: _value(names, token)


def _value(names: Names, path: str) -> Any:
    name, *keys = path.split(".")
    value = names[name](names) if callable(names[name]) else names[name]
    for key in keys:
        value = (value or {}).get(key)
    return value


@dataclass(frozen=True)
class Rules:
    """The permissions as they were pushed; None: nobody has, and everything is allowed."""

    code: dict[str, Any] | None = None

    def check(self) -> None:
        """Raise Refusal unless every rule compiles."""
        for namespace, each in (self.code or {}).items():
            for action, text in each.get("allow", {}).items():
                self._compiled(namespace, action, text)

    def allows(
        self, user: Row | None, action: str, namespace: str, data: Row, new: Row | None = None
    ) -> bool:
        """Whether `user` (None: nobody) may do this to the row `data`."""
        text = self._written(namespace, action)
        rule, names = self._compiled(namespace, action, text)
        return bool(rule({**names, "auth": user or {}, "data": data, "newData": new}))

    def demand(
        self, user: Row | None, namespace: str, before: Row | None, after: Row | None
    ) -> None:
        """Raise Refusal unless `user` may make, change or delete this row."""
        action = "delete" if after is None else "create" if before is None else "update"
        if not self.allows(user, action, namespace, before or after or {}, after):
            raise denied(namespace)

    def _written(self, namespace: str, action: str) -> str:
        code = self.code or {}
        for table, name in (
            (namespace, action), (namespace, "$default"), ("$default", action), ("$default", "$default"),
        ):  # fmt: skip
            text = code.get(table, {}).get("allow", {}).get(name)
            if text is not None:
                return str(text)
        return UNWRITTEN.get(namespace, {}).get(action, "true")

    def _compiled(self, namespace: str, action: str, text: str) -> tuple[Rule, Names]:
        bind = (self.code or {}).get(namespace, {}).get("bind", {})
        pairs = bind.items() if isinstance(bind, dict) else zip(bind[::2], bind[1::2], strict=True)
        bound = {name: _Parser(each).rule() for name, each in pairs}
        return _Parser(text).rule(), bound


def denied(namespace: str) -> Refusal:
    """The answer to a write that no rule allows."""
    hint = {"input": [namespace, "object"], "expected": "perms-pass?"}
    return Refusal("permission-denied", "Permission denied: not perms-pass?", hint)
