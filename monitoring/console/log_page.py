"""The page of the log: what is asked for, and how a line is shown."""

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from eduhu.db import epoch_ms
from monitoring.console.logsearch import LEVELS, Line, Wanted, processes, search

PAGE_LINES = 200
LEVEL_COLOURS = {"warning": "warning", "error": "danger", "critical": "danger"}
ANY = ("", _("all"))


def _moment_widget() -> forms.DateTimeInput:
    classes = " ".join(UnfoldAdminTextInputWidget().attrs["class"].split())
    return forms.DateTimeInput(
        {"type": "datetime-local", "class": classes}, format="%Y-%m-%dT%H:%M"
    )


class LogForm(forms.Form):
    """What is looked for in the log; nothing is required."""

    level = forms.ChoiceField(
        choices=[ANY, *((name, name) for name in LEVELS)], required=False, label=_("At least"),
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    process = forms.ChoiceField(required=False, label=_("Process"), widget=UnfoldAdminSelectWidget)
    text = forms.CharField(
        required=False, max_length=200, label=_("Text"), widget=UnfoldAdminTextInputWidget
    )
    request_id = forms.CharField(
        required=False, max_length=64, label=_("Request"), widget=UnfoldAdminTextInputWidget
    )
    reply_id = forms.UUIDField(required=False, label=_("Reply"), widget=UnfoldAdminTextInputWidget)
    task_id = forms.CharField(
        required=False, max_length=64, label=_("Task"), widget=UnfoldAdminTextInputWidget
    )
    since = forms.DateTimeField(required=False, label=_("From"), widget=_moment_widget())
    until = forms.DateTimeField(required=False, label=_("Until"), widget=_moment_widget())
    before = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = processes()
        kinds = sorted({name.partition("@")[0] for name in names})
        field = self.fields["process"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [ANY, *((name, name) for name in (*kinds, *names))]

    def wanted(self) -> Wanted:
        """Return what a valid form asks for."""
        asked = self.cleaned_data
        until = epoch_ms(asked["until"]) if asked["until"] else 0
        before = [each for each in (until, asked["before"]) if each]
        return Wanted(
            level=asked["level"],
            process=asked["process"],
            request_id=asked["request_id"].strip(),
            task_id=asked["task_id"].strip(),
            reply_id=str(asked["reply_id"] or ""),
            text=asked["text"].strip(),
            since=epoch_ms(asked["since"]) if asked["since"] else 0,
            until=min(before, default=0),
        )


def log_page(asked: Any) -> dict[str, Any]:
    """Return form, lines and the way to older ones; nothing is found by what makes no sense."""
    form = LogForm(asked)
    lines = search(form.wanted(), PAGE_LINES + 1) if form.is_valid() else []
    shown = lines[:PAGE_LINES]
    older = _older(asked, shown[-1]["timestamp"]) if len(lines) > PAGE_LINES else ""
    return {"form": form, "lines": [_shown(line) for line in shown], "older": older}


def _older(asked: Any, last: int) -> str:
    """Return the query for the next page, which has the last millisecond of this one, too.

    A page may end in the middle of it. Only where a millisecond fills a whole page it is left.
    """
    kept = {name: value for name, value in asked.items() if value and name != "before"}
    is_stuck = asked.get("before") == str(last + 1)
    return urlencode({**kept, "before": last if is_stuck else last + 1})


def _shown(line: Line) -> dict[str, Any]:
    moment = localtime(dt.datetime.fromtimestamp(line["timestamp"] / 1000, dt.UTC))
    request_id, reply_id = line.get("request_id", ""), line.get("reply_id", "")
    task_id = line.get("task_id", "")
    return {
        **line,
        "at": date_format(moment, "d.m. H:i:s") + f",{moment.microsecond // 1000:03}",
        "colour": LEVEL_COLOURS.get(line.get("level", ""), ""),
        "request_url": "?" + urlencode({"request_id": request_id}) if request_id else "",
        "task_url": "?" + urlencode({"task_id": task_id}) if task_id else "",
        "reply_url": "?" + urlencode({"reply_id": reply_id}) if reply_id else "",
        "reply_row": reverse("admin:chats_reply_change", args=[reply_id]) if reply_id else "",
    }


def log_url(**asked: str) -> str:
    """Return the address of the log, narrowed to what is asked for."""
    return reverse("admin:console_log", query=asked)
