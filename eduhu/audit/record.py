"""Writes what staff do into the audit log: one row for each request that acts.

django-auditlog could watch models instead; then each write of a teacher would cost one
more, and hold what they write. So rows are written here, by those who act, and name rows
and fields, never their content.
"""

import ipaddress
from collections.abc import Iterable
from typing import Any

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import override

from eduhu.limits import client_address
from eduhu.telemetry import request_id

Thing = tuple[type[Model], Any]  # a row: its model and its key
Action = LogEntry.Action
WORDS = 500  # of what staff say themselves


def of(rows: Iterable[Model]) -> list[Thing]:
    """Return rows as the audit log names them."""
    return [(row._meta.model, row.pk) for row in rows]


def record(
    request: HttpRequest,
    what: str,
    things: Iterable[Thing] = (),
    *,
    action: int = Action.UPDATE,
    **details: Any,
) -> None:
    """Write that whoever asks does `what`, such as `archive`, to `things`.

    To be called in the transaction of the change, or before it. What the same request
    does further joins its row. `details` must hold no words of teachers and no secrets.
    """
    found = list(dict.fromkeys((model, str(key)) for model, key in things))
    entry: LogEntry | None = getattr(request, "audited", None)
    if entry is None:
        request.audited = _written(request, what, found, action, details)  # type: ignore[attr-defined]
        return
    data = entry.additional_data or {}
    known = data["rows"]
    known += [row for row in _named(found) if row not in known]
    entry.additional_data = {**details, **data}
    LogEntry.objects.filter(pk=entry.pk).update(additional_data=entry.additional_data)


def _written(
    request: HttpRequest,
    what: str,
    things: list[tuple[type[Model], str]],
    action: int,
    details: dict[str, Any],
) -> LogEntry:
    assert request.user.is_authenticated
    model, key = things[0] if things else (request.user._meta.model, str(request.user.pk))
    entry: LogEntry = LogEntry.objects.create(
        content_type=ContentType.objects.get_for_model(model),
        object_pk=key,
        object_id=int(key) if key.isdecimal() else None,
        object_repr=_name_of(model, key),
        action=action,
        actor=request.user,
        actor_email=request.user.email,
        cid=request_id(),
        remote_addr=_address(request),
        additional_data={"what": what, "rows": _named(things), **details},
    )
    return entry


def _named(things: Iterable[tuple[type[Model], str]]) -> list[list[str]]:
    return [[model._meta.label_lower, key] for model, key in things]


def _name_of(model: type[Model], key: str) -> str:
    """Name a row without what is in it: a title is content as well."""
    with override(None):
        return f"{model._meta.verbose_name} …{key[-8:]}"


def _address(request: HttpRequest) -> str | None:
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    try:
        address = client_address(request.META.get("REMOTE_ADDR", ""), forwarded)
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def words_of(message: Any) -> dict[str, Any]:
    """Return what the admin's own history says of a change: names of fields, or words of staff."""
    if isinstance(message, str):
        return {"note": message[:WORDS]} if message else {}
    fields = [name for part in message for each in part.values() for name in each.get("fields", [])]
    return {"fields": fields} if fields else {}
