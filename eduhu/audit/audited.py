"""For pages of the admin: whatever they do is in the audit log."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from eduhu.audit.record import Action, of, record, words_of

Bulk = Callable[[Any, HttpRequest, "QuerySet[Any]"], Any]


class Audited:
    """Mixed into a ModelAdmin. A view of its own calls `log_change`, or `record`."""

    model: type[Model]

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Tell history and audit log of a new row."""
        record(request, "add", of([obj]), action=Action.CREATE, **words_of(message))
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Tell history and audit log of a change."""
        record(request, "change", of([obj]), **words_of(message))
        return super().log_change(request, obj, message)  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, queryset: "QuerySet[Any]") -> Any:
        """Tell history and audit log of rows that are about to go."""
        record(request, "delete", of(queryset), action=Action.DELETE)
        return super().log_deletions(request, queryset)  # type: ignore[misc]

    def get_actions(self, request: HttpRequest) -> Any:
        """Return the actions of the list; each is told to the audit log before it runs."""
        found = super().get_actions(request)  # type: ignore[misc]
        return {name: (_told(function), name, text) for name, (function, _, text) in found.items()}


def _told(function: Bulk) -> Bulk:
    if function.__name__ == "delete_selected":  # which asks first, and then tells by itself
        return function

    @wraps(function)
    def told(admin: Any, request: HttpRequest, chosen: "QuerySet[Any]") -> Any:
        keys = chosen.order_by("pk").values_list("pk", flat=True)
        record(request, function.__name__, [(chosen.model, key) for key in keys])
        return function(admin, request, chosen)

    return told
