"""A row as InstantDB holds it, and what it means that two of them are equal."""

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from typing import Any

from eduhu.db import epoch_ms

Document = dict[str, Any]
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
REVISION = "mirror_rev"


def to_document(row: Mapping[str, Any]) -> Document:
    """Return a row as JSON: ids as lower-case text, times as epoch milliseconds, null as null."""
    return {name: _to_json(value) for name, value in row.items()}


def _to_json(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dt.datetime):
        return epoch_ms(value)
    return value


def same(ours: Document, theirs: Document) -> bool:
    """Whether InstantDB holds what we sent, whichever revision it was.

    It keeps no difference between null and missing, and writes everything that
    looks like a UUID in lower case.
    """
    return _comparable(ours) == _comparable(theirs)


def _comparable(document: Document) -> Document:
    return {
        name: _folded(value)
        for name, value in document.items()
        if value is not None and name != REVISION
    }


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return value.lower() if UUID.fullmatch(value) else value
    if isinstance(value, list):
        return [_folded(each) for each in value]
    if isinstance(value, dict):
        return {_folded(key): _folded(each) for key, each in value.items()}
    return value
