"""Notices in the admin: what is announced, from when until when."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from eduhu.admin import SiteAdmin, clock, label, row_link
from eduhu.db import now
from eduhu.switches import actions
from eduhu.switches.models import Notice, Severity

COLOURS = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.DANGER: "danger"}


class NoticeForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A notice that ends after it begins."""

    def clean(self) -> dict[str, Any]:
        """Compare both times."""
        cleaned = super().clean() or self.cleaned_data
        begins, ends = cleaned.get("begins_at"), cleaned.get("ends_at")
        if begins and ends and ends <= begins:
            raise ValidationError({"ends_at": gettext("It must end after it begins.")})
        return cleaned


@admin.register(Notice)
class NoticeAdmin(SiteAdmin):
    """What everybody reads on the page and in the admin, and clients at `/api/notices`."""

    form = NoticeForm
    list_display = ("said", "kind", "state", "from_when", "until_when", "stops_writes")
    list_display_links = None
    list_filter = ("severity", "stops_writes")
    ordering = ("-id",)
    sortable_by = ()
    actions = ("end",)
    fields = ("text_de", "text_en", "severity", "begins_at", "ends_at", "stops_writes")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may: it is ended, and stays as history."""
        return False

    def save_model(self, request: HttpRequest, obj: Notice, form: Any, change: bool) -> None:
        """Announce it by the action."""
        actions.store_notice(notice=obj)

    @admin.display(description=_("notice"))
    def said(self, notice: Notice) -> SafeString | None:
        """The words; they lead to the notice."""
        return row_link(Notice, notice.pk, notice.text)

    @admin.display(description=_("severity"))
    def kind(self, notice: Notice) -> SafeString:
        """How grave it is."""
        return label(notice.get_severity_display(), COLOURS[Severity(notice.severity)])

    @admin.display(description=_("state"))
    def state(self, notice: Notice) -> SafeString:
        """Whether its time is now."""
        if notice.holds:
            return label(_("shown"), "success")
        return label(_("announced"), "info") if notice.begins_at > now() else label(_("over"), "")

    @admin.display(description=_("from"))
    def from_when(self, notice: Notice) -> str:
        """When it begins."""
        return clock(notice.begins_at)

    @admin.display(description=_("until"))
    def until_when(self, notice: Notice) -> str:
        """When it ends, if that is known."""
        return clock(notice.ends_at) if notice.ends_at else "–"

    @admin.action(description=_("End now"), permissions=["change"])
    def end(self, request: HttpRequest, queryset: QuerySet[Notice]) -> None:
        """End the chosen ones; those that have not begun are taken back."""
        for notice in queryset:
            actions.end_notice(notice=notice)
        messages.success(request, gettext("The chosen notices are over."))
