"""JSON from strangers: read it strictly, or refuse it with a clear error."""

from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from eduhu.errors import InvalidInput, MalformedBody


def loads(body: bytes | str) -> Any:
    """Parse `body`. Any, because JSON may hold anything.

    Raises MalformedBody for what is not JSON (lone surrogates and NaN are not),
    and InvalidInput for a NUL character, which PostgreSQL cannot store.
    """
    try:
        value = orjson.loads(body)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise MalformedBody from error
    escape = "\\u0000" if isinstance(body, str) else b"\\u0000"
    if escape in body and _has_nul(value):  # type: ignore[operator]  # both are of body's type
        raise InvalidInput(_("The text contains a NUL character."))
    return value


def loads_object(body: bytes | str) -> dict[str, Any]:
    """Parse a JSON object. Raises as `loads`, and MalformedBody for any other value."""
    value = loads(body)
    if not isinstance(value, dict):
        raise MalformedBody(_("The request body must be a JSON object."))
    return value


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
