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


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))
