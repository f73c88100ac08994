"""A small vocabulary for JSON schemas (draft 2020-12): what kinds are described with."""

from typing import Any

Schema = dict[str, Any]  # JSON may hold anything

TEXT_MAX = 10_000  # characters of one text
LINE_MAX = 300
ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}$"


def text(maximum: int = TEXT_MAX) -> Schema:
    """Text with at least one visible character."""
    return {"type": "string", "minLength": 1, "maxLength": maximum, "pattern": r"\S"}


def line() -> Schema:
    """Text of a line: a name, a title."""
    return text(LINE_MAX)


def identifier() -> Schema:
    """The id of a part, unique in its document and kept when the part is changed."""
    return {"type": "string", "pattern": ID_PATTERN}


def choice(*values: str) -> Schema:
    """One of some words."""
    return {"enum": list(values)}


def whole(minimum: int, maximum: int) -> Schema:
    """A whole number."""
    return {"type": "integer", "minimum": minimum, "maximum": maximum}


def minutes() -> Schema:
    """Minutes of a whole lesson or material."""
    return whole(5, 600)


def points(maximum: int = 1000) -> Schema:
    """Points, in halves."""
    return {"type": "number", "minimum": 0, "maximum": maximum, "multipleOf": 0.5}


def yes_or_no() -> Schema:
    """A truth value."""
    return {"type": "boolean"}


def many(item: Schema, minimum: int = 1, maximum: int = 100) -> Schema:
    """A list."""
    return {"type": "array", "items": item, "minItems": minimum, "maxItems": maximum}


def record(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object with these members and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def one_of(tag: str, records: dict[str, Schema]) -> Schema:
    """An object whose member `tag` says which of some records it is."""
    cases = [
        {"if": {"properties": {tag: {"const": name}}, "required": [tag]}, "then": each}
        for name, each in records.items()
    ]
    return {
        "type": "object",
        "properties": {tag: choice(*records)},
        "required": [tag],
        "allOf": cases,
    }
