"""The mirror in the admin: how it fares, what waits and why, and what staff can do about it."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from eduhu.admin import LINK, OnePageAdmin, ReadOnlyAdmin, clock, label, row_link, short_id
from eduhu.audit.record import record
from eduhu.mirror import (
    actions,
    admin_reports,  # noqa: F401 (registers itself)
    admin_rows,
    capture,
)
from eduhu.mirror.admin_filters import StateFilter, TableFilter
from eduhu.mirror.admin_overview import PauseForm, overview
from eduhu.mirror.admin_rows import rows_of, title_of
from eduhu.mirror.models import MirrorState, OutboxEntry
from eduhu.mirror.status import measure


def may_operate(request: HttpRequest) -> bool:
    """Whether somebody may pause the mirror and send rows again, if there is one."""
    return capture.is_on() and request.user.has_perm("mirror.operate_mirror")


@admin.register(MirrorState)
class MirrorStateAdmin(OnePageAdmin):
    """One page: how the mirror fares, and its switch."""

    page_template = "mirror/overview.html"

    def get_urls(self) -> list[URLPattern]:
        """Add what the buttons post to."""
        ours = [
            path("pause/", self.admin_site.admin_view(self.pause), name="mirror_pause"),
            path("resume/", self.admin_site.admin_view(self.resume), name="mirror_resume"),
        ]
        return [*ours, *super().get_urls()]

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        """Tell how the mirror fares."""
        return {
            **overview(measure()),
            "title": self.opts.verbose_name,
            "may_operate": may_operate(request),
            "history": reverse("admin:mirror_mirrorstate_history", args=[1]),
        }

    def pause(self, request: HttpRequest) -> HttpResponse:
        """Let nothing be sent any more."""
        _refuse_unless_operator_posts(request)
        assert request.user.is_authenticated
        form = PauseForm(request.POST)
        if not form.is_valid():
            messages.error(request, gettext("Please say why."))
        elif actions.pause(by=request.user, reason=form.cleaned_data["reason"]):
            text = gettext("Paused: %(reason)s") % form.cleaned_data
            self.log_change(request, MirrorState.load(), text)
            messages.success(request, gettext("The mirror is paused. Writes wait for it."))
        return redirect("admin:mirror_mirrorstate_changelist")

    def resume(self, request: HttpRequest) -> HttpResponse:
        """Let rows be sent again."""
        _refuse_unless_operator_posts(request)
        if actions.resume():
            self.log_change(request, MirrorState.load(), gettext("Resumed."))
            messages.success(request, gettext("The mirror sends again."))
        return redirect("admin:mirror_mirrorstate_changelist")


def _refuse_unless_operator_posts(request: HttpRequest) -> None:
    if request.method != "POST" or not may_operate(request):
        raise PermissionDenied


@admin.register(OutboxEntry)
class OutboxEntryAdmin(ReadOnlyAdmin):
    """Entries of the outbox: what waits, and what InstantDB refuses."""

    id_fields = ("row_id",)
    list_display = ("entered", "of_table", "row", "operation", "state", "short_reason")
    list_display_links = None
    list_filter = (StateFilter, TableFilter)
    search_fields = ("reason",)
    search_help_text = _("Id of the row, or words of the reason")
    ordering = ("id",)
    sortable_by = ("entered",)
    actions = ("send_again", "compare")
    fields = readonly_fields = (
        "of_table", "row", "operation", "created_at", "parked_at", "reason",
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        """Add the page of a row, which may have no entry."""
        view = self.admin_site.admin_view(self.row_view)
        return [
            path("row/<slug:table>/<uuid:row_id>/", view, name="mirror_row"),
            *super().get_urls(),
        ]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Actions are for operators."""
        return may_operate(request)

    @admin.display(description=_("created"), ordering="id")
    def entered(self, entry: OutboxEntry) -> SafeString | None:
        """When the row was written; leads to the entry."""
        return row_link(OutboxEntry, entry.pk, clock(entry.created_at))

    @admin.display(description=_("table"))
    def of_table(self, entry: OutboxEntry) -> str:
        """The table as its pages call it."""
        return str(title_of(entry.table))

    @admin.display(description=_("row"))
    def row(self, entry: OutboxEntry) -> str:
        """Lead to what the mirror knows of the row, if its table is still mirrored."""
        if entry.table not in capture.sources():
            return short_id(entry.row_id)
        url = reverse("admin:mirror_row", args=[entry.table, entry.row_id])
        return format_html(LINK, url, short_id(entry.row_id))

    @admin.display(description=_("state"))
    def state(self, entry: OutboxEntry) -> SafeString:
        """Waiting or parked."""
        is_parked = entry.parked_at is not None
        return label(_("parked"), "danger") if is_parked else label(_("waiting"), "info")

    @admin.display(description=_("reason"))
    def short_reason(self, entry: OutboxEntry) -> str:
        """How the reason begins: a phone shows no more of it in a list."""
        return Truncator(entry.reason).chars(60)

    @admin.action(description=_("Send again"), permissions=["operate"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutboxEntry]) -> None:
        """Send the rows of the chosen entries again."""
        admin_rows.send_entries(request, list(queryset))

    @admin.action(description=_("Compare with InstantDB"), permissions=["operate"])
    def compare(self, request: HttpRequest, queryset: QuerySet[OutboxEntry]) -> None:
        """Compare the rows of the chosen entries, and send those that differ."""
        admin_rows.compare(request, rows_of(queryset))

    def row_view(self, request: HttpRequest, table: str, row_id: uuid.UUID) -> HttpResponse:
        """Show a row's entries; a POST compares it, or sends it again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if table not in capture.sources():
            raise Http404
        if request.method == "POST":
            _refuse_unless_operator_posts(request)
            is_comparison = "compare" in request.POST
            act = admin_rows.compare if is_comparison else admin_rows.send_rows
            verb = "compare" if is_comparison else "send_again"
            record(request, verb, [(capture.sources()[table].model, row_id)])
            act(request, [(table, row_id)])
            return redirect("admin:mirror_row", table, row_id)
        return TemplateResponse(
            request, "mirror/row.html", self._row_context(request, table, row_id)
        )

    def _row_context(self, request: HttpRequest, table: str, row_id: uuid.UUID) -> dict[str, Any]:
        entries = OutboxEntry.objects.filter(table=table, row_id=row_id).order_by("-id")[:50]
        model = capture.sources()[table].model
        return {
            **self.admin_site.each_context(request),
            "title": f"{title_of(table)} {short_id(row_id)}",
            "opts": self.opts,
            "row_id": row_id,
            "row": row_link(model, row_id, _("Open the row")),
            "entries": [(entry, self.entered(entry), self.state(entry)) for entry in entries],
            "may_operate": may_operate(request),
        }
