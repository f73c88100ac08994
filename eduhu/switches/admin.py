"""The kill switches on one page: a click leads there, a second one switches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from waffle.models import Switch

from eduhu.admin import OnePageAdmin, clock
from eduhu.audit.record import of, record
from eduhu.switches import actions, admin_notices, state  # noqa: F401 (registers itself)


@dataclass(frozen=True, slots=True)
class Line:
    """A switch as the page shows it."""

    name: str
    title: Any
    is_on: bool
    since: str


@admin.register(Switch)
class SwitchAdmin(OnePageAdmin):
    """One page with all switches; who may not switch sees how they stand."""

    page_template = "switches/switches.html"

    def get_urls(self) -> list[URLPattern]:
        """Add what the buttons post to."""
        view = self.admin_site.admin_view(self.switch)
        return [path("switch/", view, name="switches_switch"), *super().get_urls()]

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        """Show all there are, in place of the rows that happen to exist."""
        return {
            "title": _("Kill switches"),
            "groups": [(_("Features"), list(_features())), (_("AI models"), list(_models()))],
            "may_switch": may_switch(request),
            "audit_log": reverse("admin:auditlog_logentry_changelist"),
        }

    def switch(self, request: HttpRequest) -> HttpResponse:
        """Switch one off (`off=<name>`) or on (`on=<name>`)."""
        if request.method != "POST" or not may_switch(request):
            raise PermissionDenied
        is_on = "on" in request.POST
        name = request.POST.get("on" if is_on else "off", "")
        titles = {line.name: line.title for line in (*_features(), *_models())}
        if name not in titles:
            raise Http404
        with transaction.atomic():
            row = actions.set_switch(name=name, is_on=is_on)
            if row is not None:
                record(request, "switch_on" if is_on else "switch_off", of([row]), note=name)
        text = gettext("Switched on: %(what)s") if is_on else gettext("Switched off: %(what)s")
        messages.success(request, text % {"what": titles[name]})
        return redirect("admin:waffle_switch_changelist")


def may_switch(request: HttpRequest) -> bool:
    """Whether somebody may switch."""
    return request.user.has_perm("waffle.change_switch")


def _features() -> Iterator[Line]:
    named = {state.name_of_feature(each): title for each, title in state.FEATURES.items()}
    return _lines(named)


def _models() -> Iterator[Line]:
    return _lines({state.name_of_model(each): each for each in state.models()})


def _lines(titles: dict[str, Any]) -> Iterator[Line]:
    rows = {row.name: row for row in Switch.objects.filter(name__in=titles)}
    for name, title in titles.items():
        row = rows.get(name)
        yield Line(name, title, row is None or row.active, clock(row.modified) if row else "")
