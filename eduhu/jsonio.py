"""JSON from strangers: read it strictly, or refuse it with a clear error."""

from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from eduhu.errors import InvalidInput, MalformedBody

MAX_DEPTH = 50


def loads(body: bytes | str) -> Any:
    """Parse `body`. Any, because JSON may hold anything.

    Raises MalformedBody for what is not JSON (lone surrogates and NaN are not), and
    InvalidInput for what nests deeper than `MAX_DEPTH`, or for a NUL character, which
    PostgreSQL cannot store.
    """
    try:
        raw = body.encode() if isinstance(body, str) else body
        value = orjson.loads(raw)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise MalformedBody from error
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _is_too_deep(value):
        raise InvalidInput(_("The JSON is nested too deeply."))
    if b"\\u0000" in raw and _has_nul(value):
        raise InvalidInput(_("The text contains a NUL character."))
    return value


def loads_object(body: bytes | str) -> dict[str, Any]:
    """Parse a JSON object. Raises as `loads`, and MalformedBody for any other value."""
    value = loads(body)
    if not isinstance(value, dict):
        raise MalformedBody(_("The request body must be a JSON object."))
    return value


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _depth in range(MAX_DEPTH):
        level = [
            item
            for each in level
            if isinstance(each, dict | list)
            for item in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def dumps(value: Any) -> bytes:
    """Return compact JSON. Any, because JSON may hold anything."""
    return orjson.dumps(value)


def _has_nul(value: Any) -> bool:
    pending = [value]  # a loop, because orjson nests deeper than Python can call
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += [*item, *item.values()]
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, str) and "\0" in item:
            return True
    return False
