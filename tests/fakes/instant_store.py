"""What a stand-in for InstantDB holds, and by which rules it changes."""

import copy
import itertools
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.instant_links import Links
from tests.fakes.instant_steps import grouped, plain
from tests.fakes.instant_values import (
    Attributes,
    Row,
    Rows,
    Step,
    check_required,
    check_values,
    invalid,
    merged,
)

UNTYPED = {"valueType": "any", "required": False, "config": {"indexed": False, "unique": False}}
ID = {"valueType": "any", "required": False, "config": {"indexed": False, "unique": True}}
Guard = Callable[[str, Row | None, Row | None], None]  # namespace, row before, row after


@dataclass
class Store:
    """The rows of one app. `writes` names every change in order: (tx, namespace, id, row or None)."""

    schema: dict[str, Attributes] = field(default_factory=dict)
    links: Links = field(default_factory=Links)
    rows: Rows = field(default_factory=dict)
    writes: list[tuple[int, str, str, Row | None]] = field(default_factory=list)
    created: dict[tuple[str, str], int] = field(default_factory=dict)  # in ms, of each row
    transaction: int = 1000
    _moment: int = 0

    def push_schema(self, schema: dict[str, Any]) -> None:
        """Add attributes and links; what is there stays. Raises Refusal."""
        for namespace, entity in schema.get("entities", {}).items():
            self._check_new(namespace, entity["attrs"])
        for namespace, entity in schema.get("entities", {}).items():
            self.schema.setdefault(namespace, {}).update(entity["attrs"])
        self.links.by_name.update(schema.get("links", {}))

    def _check_new(self, namespace: str, attributes: Attributes) -> None:
        """Raise Refusal if rows that are there would lack what is required."""
        for label, each in attributes.items():
            is_new = label not in self.schema.get(namespace, {})
            if each["required"] and is_new and self.rows.get(namespace):
                text = f"`{label}` as required because `{namespace}` already have entities"
                raise invalid("attributes", each, f"Can't create attribute {text}")

    def pulled_schema(self) -> dict[str, Any]:
        """The schema as it is told: nothing is remembered of `json` but that it is untyped."""
        entities = {
            namespace: {
                "attrs": {
                    label: {**each, "valueType": each["valueType"].replace("json", "any")}
                    for label, each in attributes.items()
                }
            }
            for namespace, attributes in self.schema.items()
        }
        return {"entities": entities, "links": self.links.by_name}

    def attribute_id(self, namespace: str, label: str) -> str:
        """Return the id by which cursors and sockets name an attribute."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{namespace}/{label}"))

    def attribute(self, namespace: str, label: str) -> dict[str, Any] | None:
        """Return what is known of an attribute; every namespace has an `id`."""
        attributes = self.schema.get(namespace)
        return None if attributes is None else {"id": ID, **attributes}.get(label)

    def indexed(self, namespace: str) -> list[str]:
        """Return the labels that a row shows even when it has no value for them."""
        attributes = self.schema.get(namespace, {})
        return [label for label, each in attributes.items() if each["config"]["indexed"]]

    def transact(self, steps: Any, *, strict: bool = False, guard: Guard | None = None) -> int:
        """Take all steps or none; return the number of the transaction. Raises Refusal.

        `strict` refuses attributes that the schema does not have; `guard` is asked about
        each row that changes and may raise.
        """
        steps = plain(self, steps, strict=strict)
        after = {namespace: dict(rows) for namespace, rows in self.rows.items()}
        touched: dict[tuple[str, str], None] = {}
        for step in grouped(steps):
            touched |= dict.fromkeys(self._apply(after, step))
        if guard is not None:
            for namespace, row_id in touched:
                before = self.rows.get(namespace, {}).get(row_id)
                guard(namespace, before, after[namespace].get(row_id))
        for namespace, row_id in touched:
            check_values(namespace, self.schema.get(namespace, {}), after[namespace], row_id)
        check_required(self.schema, after, list(touched))
        self._learn(steps)
        self._commit(after, list(touched))
        return self.transaction

    def _commit(self, after: Rows, touched: list[tuple[str, str]]) -> None:
        self.transaction += 1
        # No two transactions in one millisecond: rows are ordered by when they came.
        self._moment = max(self._moment + 1, time.time_ns() // 1_000_000)
        for namespace, row_id in touched:
            row = after[namespace].get(row_id)
            if row is None:
                self.created.pop((namespace, row_id), None)
            else:
                self.created.setdefault((namespace, row_id), self._moment)
            self.writes.append((self.transaction, namespace, row_id, copy.deepcopy(row)))
        self.rows = after

    def _learn(self, steps: list[Step]) -> None:
        """What is named for the first time becomes an attribute without type or index."""
        for action, namespace, _row_id, *rest in steps:
            if action in ("update", "create", "merge"):
                attributes = self.schema.setdefault(namespace, {})
                for label in rest[0].keys() - {"id"}:
                    attributes.setdefault(label, UNTYPED)

    def _apply(self, after: Rows, step: Step) -> list[tuple[str, str]]:
        """Take one step; return the rows that changed."""
        action, namespace, row_id, args = step[:4] if len(step) > 3 else (*step, None)
        rows = after.setdefault(namespace, {})
        if action == "delete":
            rows.pop(row_id, None)
            gone = self.links.forget(after, namespace, row_id)
            return list(itertools.chain([(namespace, row_id)], gone))
        if action in ("link", "unlink"):
            return list(self.links.change(after, namespace, row_id, args, add=action == "link"))
        row = rows.get(row_id, {"id": row_id})
        values = {key: value for key, value in args.items() if key != "id"}
        if action == "merge":
            values = {key: merged(row.get(key), value) for key, value in values.items()}
        rows[row_id] = {**row, **values}
        return [(namespace, row_id)]
