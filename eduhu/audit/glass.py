"""Break-glass: staff read words of teachers only after saying why, and only for a while.

The row of the audit log is the key itself: without it nothing opens, and nobody can take
it back. It opens one chat, or one artifact that belongs to none, for who asked.
"""

import datetime as dt
from typing import Any, ClassVar

from auditlog.models import LogEntry
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from eduhu.audit.record import Action, of, record
from eduhu.db import now

READ = "read_text"
MAY_READ = "auditlog.add_logentry"  # who reads adds a row; other rows are added by acting
LEAST_REASON = 15  # characters: "test" is none
LINK = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'


class ReasonForm(forms.Form):
    """Why the text has to be read."""

    reason = forms.CharField(
        label=_("reason"), min_length=LEAST_REASON, max_length=500,
        widget=UnfoldAdminTextareaWidget({"rows": 3, "autofocus": True}),
    )  # fmt: skip


def is_open(request: HttpRequest, row: Model) -> bool:
    """Whether who asks has said lately why they must read `row`; one query a request."""
    known: dict[Model, bool] = request.__dict__.setdefault("opened", {})
    if row not in known:
        since = now() - dt.timedelta(minutes=settings.BREAK_GLASS_MINUTES)
        known[row] = LogEntry.objects.filter(
            actor_id=request.user.pk, action=Action.ACCESS, timestamp__gt=since,
            content_type=ContentType.objects.get_for_model(row), object_pk=str(row.pk),
            additional_data__what=READ,
        ).exists()  # fmt: skip
    return known[row]


class BehindGlass:
    """Mixed into a ModelAdmin, before its base: hides `text_fields` until they are opened."""

    model: Any
    admin_site: Any
    actions_detail: Any = ("in_mirror", READ)
    text_fields: ClassVar[tuple[str, ...]] = ()

    def glass_of(self, row: Any) -> Model:
        """Return what has to be opened to read `row`."""
        found: Model = row
        return found

    def is_open(self, request: HttpRequest, row: Any) -> bool:
        """Whether who asks may read `row` now."""
        return self._may_ask(request) and is_open(request, self.glass_of(row))

    def _may_ask(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_READ)

    def has_read_text_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Operators may ask, who may see the row at all."""
        return self._may_ask(request) and self.has_view_permission(request)  # type: ignore[attr-defined]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields; the words only while they are opened."""
        fields = super().get_fields(request, obj)  # type: ignore[misc]
        if obj is not None and self.is_open(request, obj):
            return fields
        return ("sealed", *(name for name in fields if name not in self.text_fields))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return them with the one that stands for the words."""
        return (*super().get_readonly_fields(request, obj), "sealed")  # type: ignore[misc]

    def _page(self, name: str) -> str:
        opts = self.model._meta
        return f"{self.admin_site.name}:{opts.app_label}_{opts.model_name}_{name}"

    def sealed(self, row: Any) -> SafeString:
        """Say how to come to the words."""
        url = reverse(self._page(READ), args=[row.pk])
        return format_html(LINK, url, _("hidden; give a reason to read it"))

    sealed.short_description = _("text")  # type: ignore[attr-defined]

    @action(  # type: ignore[operator]  # unfold's own annotations are wrong
        description=_("Read the text"),  # type: ignore[arg-type]  # likewise
        url_path="read",
        icon="lock_open",
        permissions=[READ],
    )
    def read_text(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a reason; a good one opens the row for a while, and is on record."""
        row = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if row is None:
            raise Http404
        page = self._page("change")
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            glass = self.glass_of(row)
            owner = getattr(glass, "teacher", None)
            things = of([glass, *([owner] if owner else [])])
            record(request, READ, things, action=Action.ACCESS, reason=form.cleaned_data["reason"])
            text = gettext("Open for %(minutes)d minutes, and on record.")
            messages.warning(request, text % {"minutes": settings.BREAK_GLASS_MINUTES})
            return redirect(page, row.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Read the text"),
            "opts": self.model._meta,
            "form": form,
            "minutes": settings.BREAK_GLASS_MINUTES,
            "back": reverse(page, args=[row.pk]),
        }
        return TemplateResponse(request, "audit/reason.html", context)
