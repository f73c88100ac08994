"""What the overview of the mirror shows, and the first page of the admin in short."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from eduhu.admin import changelist_url, clock, in_one_line, row_link
from eduhu.db import now
from eduhu.mirror.models import OutboxEntry, ReconcileReport
from eduhu.mirror.status import COUNTED, LONGEST_LAG, Status

DASH = "–"


class PauseForm(forms.Form):
    """Why nothing is to be sent."""

    reason = forms.CharField(
        label=_("reason"), max_length=500,
        widget=UnfoldAdminTextInputWidget(
            {"placeholder": _("Why is nothing to be sent?"), "aria-label": _("reason")}
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """A number to see at a glance; `colour` is empty while all is well."""

    title: Any
    value: str
    url: str = ""
    colour: str = ""


def cards(status: Status) -> list[Card]:
    """Return lag, depth, parked and throughput; the first three lead to the entries."""
    cut = "+" if status.depth == COUNTED else ""
    return [
        Card(
            _("Lag"), duration(status.lag), changelist_url(OutboxEntry, state="waiting"),
            "danger" if status.lag > LONGEST_LAG else "",
        ),
        Card(
            _("Waiting"), number_format(status.depth, force_grouping=True) + cut,
            changelist_url(OutboxEntry, state="waiting"),
        ),
        Card(
            _("Parked"), number_format(status.parked, force_grouping=True),
            changelist_url(OutboxEntry, state="parked"),
            "danger" if status.parked else "",
        ),
        Card(_("Sent (1 h)"), number_format(status.rows_last_hour, force_grouping=True)),
    ]  # fmt: skip


def overview(status: Status) -> dict[str, Any]:
    """Return what the template of the overview shows; one query."""
    most = max(status.rows_per_minute) or 1
    return {
        "status": status,
        "cards": cards(status),
        "bars": [(count, 100 * count // most) for count in status.rows_per_minute],
        "facts": list(_facts(status)),
        "pause_form": PauseForm(),
    }


def _facts(status: Status) -> Iterator[tuple[Any, Any]]:
    state = status.state
    yield _("sent by"), _leader(status)
    yield _("last sent"), clock(state.sent_at) if state.sent_at else DASH
    yield _("schema and permissions"), _schema(status)
    report = ReconcileReport.objects.order_by("-pk").first()
    yield _("last comparison"), _report(report) if report else DASH


def _leader(status: Status) -> str:
    if status.state.seen_at is None:
        return gettext("nobody yet")
    if status.is_led:
        return status.state.leader
    said = {"leader": status.state.leader, "time": clock(status.state.seen_at)}
    return gettext("nobody; last seen: %(leader)s, %(time)s") % said


def _schema(status: Status) -> str:
    if status.state.schema_ready_at is None:
        return gettext("not confirmed")
    return gettext("as ours, compared %(time)s") % {"time": clock(status.state.schema_ready_at)}


def _report(report: ReconcileReport) -> Any:
    said = {"compared": report.compared, "found": report.found, "repaired": report.repaired}
    text = gettext("%(compared)d compared, %(found)d differed, %(repaired)d repaired") % said
    link = row_link(ReconcileReport, report.pk, clock(report.started_at))
    return format_html("{}: {}", link, report.reason or text)


def duration(seconds: float) -> str:
    """Show how long something lasts, in the reader's language."""
    if seconds < 60:
        return in_one_line(f"{number_format(seconds, 0)} s")
    end = now()
    return timesince(end - dt.timedelta(seconds=seconds), end, depth=1)
