"""Values of InstantDB as our columns take them."""

import datetime as dt
import email.utils
import math
import uuid
from typing import Any

import orjson
from django.db import models

from eduhu.db import from_epoch_ms, now, to_milliseconds
from eduhu.mirror.backup.tables import Refused

# What InstantDB takes for a time beside the forms of ISO 8601; without a zone it is UTC.
_TIME_FORMS = (
    "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S.%f%z",
    "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y, %I:%M:%S %p", "%a %b %d %Y",
    "%a %b %d %Y %H:%M:%S %Z%z", "%m/%d/%Y", "%m-%d-%Y", "%Y-%m-%d",
)  # fmt: skip


CLOCKS_DIFFER = dt.timedelta(days=1)  # at most, whatever zone one was set to


def to_column(field: "models.Field[Any, Any]", value: Any) -> Any:
    """Return `value` as `field` stores it. Raises Refused."""
    try:
        return _convert(field, value)
    except (ValueError, OverflowError, TypeError) as error:
        raise Refused(f"{field.attname} is {error}") from error


def _convert(field: "models.Field[Any, Any]", value: Any) -> Any:
    """Raises ValueError with what the value is instead."""
    if isinstance(field, models.ForeignKey | models.UUIDField):
        return to_id(value)
    if isinstance(field, models.DateTimeField):
        return _not_to_come(to_time(value))
    if isinstance(field, models.BooleanField):
        return _flag(value)
    if isinstance(field, models.IntegerField):
        return _whole_number(value)
    if isinstance(field, models.JSONField):
        return _json(value, field.default)
    return _text(value, field)


def to_id(value: Any) -> uuid.UUID:
    """Return an id, or the target of a link to one row. Raises ValueError."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str) and len(value) == 36:
        try:
            return uuid.UUID(value)
        except ValueError:
            pass
    raise ValueError("no UUID")


def to_time(value: Any) -> dt.datetime:
    """Read milliseconds since 1970, or text in any form InstantDB takes. Raises ValueError."""
    try:
        if isinstance(value, str):
            return to_milliseconds(_time_of_text(value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return from_epoch_ms(math.floor(value))
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError("no time") from error
    raise ValueError("no time")


def _not_to_come(moment: dt.datetime) -> dt.datetime:
    """New messages come after all others of their chat: one of the year 9999 would be the last."""
    if moment > now() + CLOCKS_DIFFER:
        raise ValueError("in the future")
    return moment


def _time_of_text(text: str) -> dt.datetime:
    text = text.strip().strip('"').strip()
    if text == "epoch":
        return from_epoch_ms(0)
    for read in (dt.datetime.fromisoformat, _time_of_form, email.utils.parsedate_to_datetime):
        try:
            moment = read(text)
        except (ValueError, IndexError):
            continue
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    raise ValueError(text)


def _time_of_form(text: str) -> dt.datetime:
    for form in _TIME_FORMS:
        try:
            return dt.datetime.strptime(text, form)  # noqa: DTZ007 (the caller adds the zone)
        except ValueError:
            continue
    raise ValueError(text)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("neither true nor false")


def _whole_number(value: Any) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and value == int(value) and 0 <= value < 2**31:
        return int(value)
    raise ValueError("no whole number from 0 to 2147483647")


def _json(value: Any, default: Any) -> Any:
    """Return a list or an object, as the column wants it; also one that was stored as text."""
    kind = default if isinstance(default, type) else object
    if isinstance(value, str) and kind in (list, dict):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            value = [value] if kind is list and value else value
    if isinstance(value, kind) and b"\\u0000" not in orjson.dumps(value):
        return value
    raise ValueError("no list" if kind is list else "no object")


def _text(value: Any, field: "models.Field[Any, Any]") -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    if "\0" in value:
        raise ValueError("text with a NUL character")
    if field.choices and value not in (choices := [key for key, _label in field.flatchoices]):
        raise ValueError(f"none of {', '.join(choices)}")
    return value
