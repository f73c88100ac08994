"""Values as InstantDB takes them, and the answer to those that it does not take."""

import json
import re
import uuid
from typing import Any

Row = dict[str, Any]
Rows = dict[str, dict[str, Row]]  # by namespace and id
Step = list[Any]
Attributes = dict[str, dict[str, Any]]  # by label
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "number": (int, float), "boolean": (bool,), "date": (str, int, float),
}  # fmt: skip
NAMES = {bool: "boolean", str: "string", int: "number", float: "number", list: "array"}
INDEXED_BYTES = 1024


class Refusal(Exception):
    """An answer of 400."""

    def __init__(self, kind: str, message: str, hint: Any) -> None:
        super().__init__(message)
        self.body = {"type": kind, "message": message, "hint": hint, "trace-id": uuid.uuid4().hex}


def invalid(data_type: str, steps: Any, message: str, **where: Any) -> Refusal:
    """The body of an input that cannot be taken."""
    hint = {"data-type": data_type, "input": steps, "errors": [{"message": message, **where}]}
    return Refusal("validation-failed", f"Validation failed for {data_type}: {message}", hint)


def not_found(what: str, *given: Any) -> Refusal:
    """The answer where something must exist and does not."""
    hint = {"args": [*given], "record-type": what}
    return Refusal("record-not-found", f"Record not found: {what}", hint)


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


def check_values(namespace: str, attributes: Attributes, rows: dict[str, Row], row_id: str) -> None:
    """Raise Refusal unless a row's values have their types, fit their indexes and are unique."""
    for label, value in rows.get(row_id, {}).items():
        attribute = attributes.get(label)
        if attribute is None or value is None:
            continue
        _check_type(namespace, label, attribute["valueType"], value)
        config = attribute["config"]
        size = len(json.dumps(value, ensure_ascii=False).encode())
        if (config["indexed"] or config["unique"]) and size > INDEXED_BYTES:
            text = "Value is too large for an indexed attribute."
            raise Refusal("validation-failed", text, {"attr": label})
        if config["unique"] and any(
            other.get(label) == value for key, other in rows.items() if key != row_id
        ):
            text = (
                f"`{label}` is a unique attribute on `{namespace}` and an entity already exists"
                f" with `{namespace}.{label}` = {json.dumps(value)}"
            )
            hint = {"etype": namespace, "label": label, "value": value}
            raise Refusal("record-not-unique", text, hint)


def _check_type(namespace: str, label: str, kind: str, value: Any) -> None:
    expected = TYPES.get(kind)
    is_flag = isinstance(value, bool)
    if expected is None or (isinstance(value, expected) and is_flag == (kind == "boolean")):
        return
    text = (
        f"Invalid value type for {namespace}.{label}. Value must be a {kind} but the provided"
        f" value type is {NAMES.get(type(value), 'object')}."
    )
    raise invalid("attributes", [], text)


def check_required(schema: dict[str, Attributes], rows: Rows, ids: list[tuple[str, str]]) -> None:
    """Raise Refusal if one of the rows lacks what its namespace requires."""
    records = [
        [namespace, label, row_id]
        for namespace, row_id in ids
        if (row := rows[namespace].get(row_id)) is not None
        for label, attribute in schema.get(namespace, {}).items()
        if attribute.get("required") and row.get(label) is None
    ]
    if records:
        text = ". ".join(f"Missing required attribute `{n}/{a}`: {i}" for n, a, i in records)
        raise Refusal("validation-failed", text, {"records": records})
