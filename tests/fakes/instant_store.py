"""What a stand-in for InstantDB holds, and by which rules it changes: steps, schema, queries."""

import copy
import itertools
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
Step = list[Any]
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Steps are grouped by what they become inside the server, in order of first appearance.
GROUPS = {
    "update": "add-triple", "create": "add-triple", "link": "add-triple", "merge": "deep-merge",
    "unlink": "retract-triple", "delete": "delete-entity",
}  # fmt: skip
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "number": (int, float), "boolean": (bool,), "date": (str, int, float),
}  # fmt: skip
INDEXED_BYTES = 1024


class Refusal(Exception):
    """An answer of 400."""

    def __init__(self, kind: str, message: str, hint: Any) -> None:
        super().__init__(message)
        self.body = {"type": kind, "message": message, "hint": hint, "trace-id": uuid.uuid4().hex}


def invalid(data_type: str, steps: list[Step], message: str, **where: Any) -> Refusal:
    """The body of a step that cannot be taken."""
    hint = {"data-type": data_type, "input": steps, "errors": [{"message": message, **where}]}
    return Refusal("validation-failed", f"Validation failed for {data_type}: {message}", hint)


def folded(value: Any) -> Any:
    """`value` with everything that looks like a UUID in lower case, also keys."""
    if isinstance(value, str):
        return value.lower() if UUID.fullmatch(value) else value
    if isinstance(value, list):
        return [folded(each) for each in value]
    if isinstance(value, dict):
        return {folded(key): folded(each) for key, each in value.items()}
    return value


def merged(old: Any, new: Any) -> Any:
    """Objects merge, null removes a key, anything else replaces."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    result = {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}
    return {key: value for key, value in result.items() if value is not None}


@dataclass
class Store:
    """The rows of one app. `writes` names every change in order: (tx, namespace, id, row or None)."""

    schema: dict[str, dict[str, Any]] = field(default_factory=dict)
    links: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    writes: list[tuple[int, str, str, Row | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1001)

    def push_schema(self, schema: dict[str, Any]) -> None:
        """Add attributes and links; what is there stays."""
        for namespace, entity in schema.get("entities", {}).items():
            self.schema.setdefault(namespace, {}).update(entity["attrs"])
        self.links.update(schema.get("links", {}))

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
        return {"entities": entities, "links": self.links}

    def transact(self, steps: list[Step]) -> int:
        """Take all steps or none; return the number of the transaction. Raises Refusal."""
        self._check_ids(steps)
        steps = folded(steps)
        self._check_modes(steps)
        after = {namespace: dict(rows) for namespace, rows in self.rows.items()}
        order = list(dict.fromkeys(GROUPS[step[0]] for step in steps))
        touched: dict[tuple[str, str], None] = {}
        for step in sorted(steps, key=lambda step: order.index(GROUPS[step[0]])):
            self._apply(after.setdefault(step[1], {}), step)
            touched[step[1], step[2]] = None
        for namespace, row_id in touched:
            self._check_values(namespace, after[namespace], row_id)
        self._check_required(after, list(touched))
        number = next(self._numbers)
        for namespace, row_id in touched:
            row = copy.deepcopy(after[namespace].get(row_id))
            self.writes.append((number, namespace, row_id, row))
        self.rows = after
        return number

    def _check_ids(self, steps: list[Step]) -> None:
        for index, step in enumerate(steps):
            if not (isinstance(step[2], str) and UUID.fullmatch(step[2])):
                text = (
                    f"Invalid entity ID '{step[2]}'. Entity IDs must be UUIDs or lookup references."
                )
                raise invalid("steps", steps, text, **{"in": [index, 2]})

    def _check_modes(self, steps: list[Step]) -> None:
        strict = [step for step in steps if step[4:] and step[4].get("upsert") is False]
        missing = [step for step in strict if step[2] not in self.rows.get(step[1], {})]
        created = [step for step in steps if step[0] == "create"]
        there = [step for step in created if step[2] in self.rows.get(step[1], {})]
        for wrong, text in (
            (missing, "Updating entities that don't exist"),
            (there, "Creating entities that exist"),
        ):
            if wrong:
                ids = ", ".join(step[2] for step in wrong)
                raise invalid("tx-step", wrong, f"{text}: {ids}")

    def _apply(self, rows: dict[str, Row], step: Step) -> None:
        action, _namespace, row_id, args = step[:4]
        if action == "delete":
            rows.pop(row_id, None)
            return
        row = dict(rows.get(row_id, {"id": row_id}))
        values = {key: value for key, value in args.items() if key != "id"}
        if action == "merge":
            values = {key: merged(row.get(key), value) for key, value in values.items()}
        rows[row_id] = (
            {key: value for key, value in row.items() if key not in values}
            if action == "unlink"
            else {**row, **values}
        )

    def _check_values(self, namespace: str, rows: dict[str, Row], row_id: str) -> None:
        attributes = self.schema.get(namespace, {})
        for label, value in rows.get(row_id, {}).items():
            attribute = attributes.get(label)
            if attribute is None or value is None:
                continue
            self._check_type(namespace, label, attribute["valueType"], value)
            config = attribute["config"]
            size = len(json.dumps(value, ensure_ascii=False).encode())
            if (config["indexed"] or config["unique"]) and size > INDEXED_BYTES:
                text = "Value is too large for an indexed attribute."
                raise Refusal("validation-failed", text, {"attr": label})
            if config["unique"] and any(
                other.get(label) == value for key, other in rows.items() if key != row_id
            ):
                text = f"`{label}` is a unique attribute on `{namespace}` and its value is taken"
                hint = {"etype": namespace, "label": label, "value": value}
                raise Refusal("record-not-unique", text, hint)

    def _check_type(self, namespace: str, label: str, kind: str, value: Any) -> None:
        expected = TYPES.get(kind)
        is_flag = isinstance(value, bool)
        if expected is None or (isinstance(value, expected) and is_flag == (kind == "boolean")):
            return
        names = {bool: "boolean", str: "string", int: "number", float: "number", list: "array"}
        given = names.get(type(value), "object")
        text = (
            f"Invalid value type for {namespace}.{label}."
            f" Value must be a {kind} but the provided value type is {given}."
        )
        raise invalid("attributes", [], text)

    def _check_required(self, rows: Any, touched: list[tuple[str, str]]) -> None:
        records = [
            [namespace, label, row_id]
            for namespace, row_id in touched
            if (row := rows[namespace].get(row_id)) is not None
            for label, attribute in self.schema.get(namespace, {}).items()
            if attribute.get("required") and row.get(label) is None
        ]
        if records:
            text = ". ".join(f"Missing required attribute `{n}/{a}`: {i}" for n, a, i in records)
            raise Refusal("validation-failed", text, {"records": records})

    def query(self, query: dict[str, Any]) -> dict[str, list[Row]]:
        """The bare tree: `where`, one `order`, `limit`, `offset`, and links one level down."""
        return {namespace: self._page(namespace, form) for namespace, form in query.items()}

    def _page(self, namespace: str, form: dict[str, Any]) -> list[Row]:
        options = form.get("$", {})
        matches = _condition(options.get("where", {}))
        rows = [row for row in self.rows.get(namespace, {}).values() if matches(row)]
        for label, direction in options.get("order", {}).items():
            keyed = [(row.get(label) is not None, row.get(label) or 0, row["id"]) for row in rows]
            order = sorted(range(len(rows)), key=keyed.__getitem__, reverse=direction == "desc")
            rows = [rows[index] for index in order]
        start = options.get("offset", 0)
        rows = rows[start : start + options["limit"]] if "limit" in options else rows[start:]
        return [self._shown(namespace, row, form) for row in rows]

    def _shown(self, namespace: str, row: Row, form: dict[str, Any]) -> Row:
        attributes = self.schema.get(namespace, {})
        indexed = {name: None for name, each in attributes.items() if each["config"]["indexed"]}
        children = {}
        for link in self.links.values():
            label, forward = link["reverse"]["label"], link["forward"]
            if link["reverse"]["on"] == namespace and label in form:
                where = {"$": {"where": {forward["label"]: row["id"]}}}
                children[label] = self._page(forward["on"], where)
        return {**indexed, **copy.deepcopy(row), **children}


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda value, limit: value is not None and value > limit,
    "$gte": lambda value, limit: value is not None and value >= limit,
    "$lt": lambda value, limit: value is not None and value < limit,
    "$lte": lambda value, limit: value is not None and value <= limit,
    "$ne": lambda value, other: value != other,
    "$in": lambda value, several: value in folded(several),
    "$isNull": lambda value, wanted: (value is None) == wanted,
}


def _condition(where: dict[str, Any]) -> Callable[[Row], bool]:
    tests: list[Callable[[Row], bool]] = [_test(key, value) for key, value in where.items()]
    return lambda row: all(test(row) for test in tests)


def _test(key: str, wanted: Any) -> Callable[[Row], bool]:
    if key in ("and", "or"):
        conditions = [_condition(each) for each in wanted]
        combine = all if key == "and" else any
        return lambda row: combine(condition(row) for condition in conditions)
    if isinstance(wanted, dict):
        return lambda row: all(COMPARE[op](row.get(key), limit) for op, limit in wanted.items())
    return lambda row: row.get(key) == folded(wanted)
