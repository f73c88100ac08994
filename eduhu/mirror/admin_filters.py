"""Filters of the admin's list of the outbox."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from eduhu.mirror import capture
from eduhu.mirror.admin_rows import title_of


class TableFilter(admin.SimpleListFilter):
    """Entries of one table."""

    title = _("table")
    parameter_name = "table"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Name the mirrored tables."""
        return [(table, title_of(table)) for table in capture.sources()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen table's."""
        return queryset.filter(table=self.value()) if self.value() else queryset


class StateFilter(admin.SimpleListFilter):
    """Entries that wait, or that InstantDB refuses."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Name both."""
        return [("waiting", _("waiting")), ("parked", _("parked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen ones."""
        is_null = {"waiting": True, "parked": False}.get(self.value() or "")
        return queryset if is_null is None else queryset.filter(parked_at__isnull=is_null)
