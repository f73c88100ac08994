"""The console in the admin: the numbers behind the charts, and what the dashboard asks."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from eduhu.admin import ReadOnlyAdmin, clock
from eduhu.audit.record import of, record
from eduhu.cache.models import CacheCount
from eduhu.db import now
from eduhu.mirror.status import Status
from monitoring.console import (
    charts,
    task_admin,  # noqa: F401 (registers itself)
)
from monitoring.console.bundle import bundle
from monitoring.console.dashboard import RANGE_TITLES, dashboard
from monitoring.console.log_page import log_page
from monitoring.console.models import Measurement, this_minute
from monitoring.console.series import mirror_now


def may_see_dashboard(request: HttpRequest) -> bool:
    """Whether somebody may see the charts."""
    return request.user.has_perm("console.view_measurement")


def may_make_bundle(request: HttpRequest) -> bool:
    """Whether somebody may take a bundle for support out of the house."""
    return request.user.has_perm("console.make_bundle")


def dashboard_context(request: HttpRequest, mirror: Status | None) -> dict[str, Any]:
    """Return what the template of the dashboard needs."""
    told = dashboard(request.user, request.GET.get("range"), mirror)
    return {
        "console": told,
        "ranges": list(RANGE_TITLES.items()),
        "live_url": reverse("admin:console_live", query={"range": told["range"]}),
        "width": charts.WIDTH,
        "height": charts.HEIGHT,
        "may_make_bundle": may_make_bundle(request),
    }


@admin.register(Measurement)
class MeasurementAdmin(ReadOnlyAdmin):
    """The numbers behind the charts, minute by minute."""

    list_display = ("began", "numbers")
    list_display_links = None
    ordering = ("-minute",)
    sortable_by = ()
    fields = readonly_fields = ("began", "numbers")

    def get_urls(self) -> list[URLPattern]:
        """Add what the dashboard asks every few seconds, and the log."""
        view = self.admin_site.admin_view
        ours = [
            path("live/", view(self.live), name="console_live"),
            path("log/", view(self.log), name="console_log"),
            path("bundle/", view(self.bundle), name="console_bundle"),
        ]
        return [*ours, *super().get_urls()]

    def live(self, request: HttpRequest) -> HttpResponse:
        """Answer with what the dashboard shows now."""
        if not may_see_dashboard(request):
            raise PermissionDenied
        told = dashboard(request.user, request.GET.get("range"), mirror_now())
        return JsonResponse(told, headers={"Cache-Control": "no-store"})

    def log(self, request: HttpRequest) -> HttpResponse:
        """Show the last lines of the log."""
        if not request.user.has_perm("console.view_log"):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            **log_page(request.GET),
            "title": _("Log"),
            "is_kept": settings.LOG_FILES_MB > 0,
            "may_see_replies": request.user.has_perm("chats.view_reply"),
        }
        return TemplateResponse(request, "console/log.html", context)

    def bundle(self, request: HttpRequest) -> HttpResponse:
        """Hand out a bundle for support, and note who took it."""
        if not may_make_bundle(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        packed = bundle()
        name = f"eduhu-support-{localtime(now()):%Y-%m-%d-%H%M}.zip"
        row = Measurement.objects.order_by("-pk").first() or Measurement(pk=this_minute())
        record(request, "make_bundle", of([row]))
        self.log_change(request, row, gettext("Made a bundle for support."))
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(packed, content_type="application/zip", headers=headers)

    @admin.display(description=_("minute"), ordering="minute")
    def began(self, row: Measurement) -> str:
        """When the minute began."""
        return clock(row.at)


@admin.register(CacheCount)
class CacheCountAdmin(ReadOnlyAdmin):
    """What the caches of each kind of content were worth, day by day."""

    list_display = (
        "day", "content", "hit_rate", "memory_hits", "shared_hits", "misses", "evictions",
    )  # fmt: skip
    list_display_links = None
    list_filter = ("content",)
    ordering = ("-day", "content")
    sortable_by = ()

    @admin.display(description=_("hit rate"))
    def hit_rate(self, row: CacheCount) -> str:
        """How many of the reads a cache answered."""
        hits = row.memory_hits + row.shared_hits
        reads = hits + row.misses
        return f"{100 * hits / reads:.0f} %" if reads else "–"
