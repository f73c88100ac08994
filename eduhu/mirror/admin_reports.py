"""Reports of comparisons in the admin."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from eduhu.admin import LINK, ReadOnlyAdmin, clock, label, row_link, short_id
from eduhu.mirror.admin_rows import KINDS, title_of
from eduhu.mirror.models import ReconcileReport


@admin.register(ReconcileReport)
class ReconcileReportAdmin(ReadOnlyAdmin):
    """Comparisons of both sides: what was looked at, and what was found."""

    list_display = (
        "begun", "outcome", "tables_in_words", "compared", "missing", "extra", "foreign",
        "different", "repaired",
    )  # fmt: skip
    list_display_links = None
    list_filter = ("is_repair",)
    ordering = ("-id",)
    sortable_by = ()
    fields = readonly_fields = (
        "outcome", "started_at", "finished_at", "tables_in_words", "since", "is_repair",
        "compared", "missing", "extra", "foreign", "different", "repaired", "reason", "sampled",
    )  # fmt: skip

    @admin.display(description=_("started"))
    def begun(self, report: ReconcileReport) -> SafeString | None:
        """When it began; leads to its page."""
        return row_link(ReconcileReport, report.pk, clock(report.started_at))

    @admin.display(description=_("state"))
    def outcome(self, report: ReconcileReport) -> SafeString:
        """How it ended."""
        if report.reason:
            return label(_("failed"), "danger")
        if report.finished_at is None:
            return label(_("not finished"), "info")
        return label(_("differences"), "warning") if report.found else label(_("equal"), "success")

    @admin.display(description=_("tables"))
    def tables_in_words(self, report: ReconcileReport) -> str:
        """The tables as their pages call them."""
        return ", ".join(str(title_of(table)) for table in report.tables)

    @admin.display(description=_("sample"))
    def sampled(self, report: ReconcileReport) -> SafeString:
        """Lead to some of the rows that differed."""
        rows = [
            (
                reverse("admin:mirror_row", args=[each["table"], each["row_id"]]),
                f"{title_of(each['table'])} {short_id(each['row_id'])}: {KINDS[each['kind']]}",
            )
            for each in report.sample
        ]
        return format_html_join(mark_safe("<br>"), LINK, rows)
