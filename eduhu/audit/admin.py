"""The audit log in the admin, to be read only; and the one change of the admin without a page."""

import re
from typing import Any
from uuid import UUID

from auditlog.models import LogEntry
from django.contrib import admin
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from eduhu.admin import ReadOnlyAdmin, clock, row_link
from eduhu.audit.record import of, record

ID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
SHOWN = 3  # rows of one action, in a list

admin.site.unregister(LogEntry)


@admin.register(LogEntry)
class AuditAdmin(ReadOnlyAdmin):
    """Who did what, when, and to which rows."""

    list_display = ("when", "who", "what", "to_rows", "said")
    list_display_links = None
    list_filter = ("action", "timestamp")
    search_fields = ("actor_email", "cid")
    search_help_text = _("Address of a member of staff, request id, or id of a row")
    ordering = ("-id",)
    sortable_by = ()
    fields = readonly_fields = (
        "timestamp", "who", "what", "to_all_rows", "said", "changed_fields", "cid", "remote_addr",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[LogEntry]":
        """Bring the members of staff along."""
        rows: QuerySet[LogEntry] = super().get_queryset(request)
        return rows.select_related("actor")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[LogEntry]", search_term: str
    ) -> tuple["QuerySet[LogEntry]", bool]:
        """Find by address and request, or by the id of any row or person of an act."""
        if not ID.fullmatch(search_term.strip()):
            return super().get_search_results(request, queryset, search_term)
        wanted = search_term.strip()
        named = queryset.alias(all_rows=Cast("additional_data", TextField()))
        by_person = Q(actor=UUID(wanted))
        return named.filter(by_person | Q(cid=wanted) | Q(all_rows__contains=wanted)), False

    @admin.display(description=_("time"))
    def when(self, entry: LogEntry) -> SafeString | None:
        """When it was done; leads to the entry."""
        return row_link(LogEntry, entry.pk, clock(entry.timestamp))

    @admin.display(description=_("who"))
    def who(self, entry: LogEntry) -> str | None:
        """The address, also of one who is gone."""
        return entry.actor.email if entry.actor else entry.actor_email

    @admin.display(description=_("what"))
    def what(self, entry: LogEntry) -> str:
        """The verb, as the code calls it."""
        return str(_data(entry).get("what") or entry.get_action_display())

    @admin.display(description=_("rows"))
    def to_rows(self, entry: LogEntry) -> str:
        """The first rows, without anything that is in them."""
        return _in_short(entry, SHOWN)

    @admin.display(description=_("rows"))
    def to_all_rows(self, entry: LogEntry) -> str:
        """All rows, with their whole ids."""
        return "\n".join(" ".join(row) for row in _data(entry).get("rows", []))

    @admin.display(description=_("reason"))
    def said(self, entry: LogEntry) -> str:
        """What the member of staff said about it."""
        return str(_data(entry).get("reason") or _data(entry).get("note") or "–")

    @admin.display(description=_("changed"))
    def changed_fields(self, entry: LogEntry) -> str:
        """The names of the fields."""
        return ", ".join(map(str, _data(entry).get("fields", []))) or "–"


def _data(entry: LogEntry) -> dict[str, Any]:
    return entry.additional_data or {}


def _in_short(entry: LogEntry, number: int) -> str:
    rows = _data(entry).get("rows") or [[entry.object_repr, ""]]
    named = [f"{label.rpartition('.')[2]} …{key[-8:]}" if key else label for label, key in rows]
    return ", ".join(named[:number]) + (f" +{len(named) - number}" if len(named) > number else "")


_password_change = admin.site.password_change


def _audited_password_change(
    request: HttpRequest, extra_context: dict[str, Any] | None = None
) -> HttpResponse:
    """Let staff change their own password, and tell the audit log."""
    before = request.user
    answer = _password_change(request, extra_context)
    if request.method == "POST" and answer.status_code == 302:
        assert before.is_authenticated
        record(request, "password", of([before]))
    return answer


admin.site.password_change = _audited_password_change  # type: ignore[method-assign,assignment]
