"""The work that beat starts, in the admin: when it ran, and a switch for each entry."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_celery_beat import models

from eduhu.admin import SiteAdmin, clock
from monitoring.console import actions
from monitoring.console.task_admin import run_each

for model in (
    models.ClockedSchedule,
    models.CrontabSchedule,
    models.IntervalSchedule,
    models.PeriodicTask,
    models.SolarSchedule,
):
    admin.site.unregister(model)


@admin.register(models.PeriodicTask)
class ScheduledWorkAdmin(SiteAdmin):
    """What and when is written in the settings; here it can be switched off and on."""

    list_display = ("name", "at", "enabled", "last_run", "total_run_count")
    list_select_related = ("crontab", "interval", "solar", "clocked")
    list_filter = ("enabled",)
    ordering = ("name",)
    sortable_by = ()
    actions = ("run_now",)
    fields = ("name", "task", "at", "kwargs", "enabled", "last_run", "total_run_count")
    readonly_fields = ("name", "task", "at", "kwargs", "last_run", "total_run_count")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody may: work is code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may: beat would make the entry again."""
        return False

    def has_run_permission(self, request: HttpRequest) -> bool:
        """Running tasks is for operators."""
        return bool(request.user.has_perm("console.run_task"))

    @admin.action(description=_("Run now"), permissions=["run"])
    def run_now(self, request: HttpRequest, queryset: QuerySet[models.PeriodicTask]) -> None:
        """Start the chosen work beside its schedule."""
        run_each(self, request, list(queryset), lambda work: actions.run_now(work=work))

    @admin.display(description=_("when"))
    def at(self, work: models.PeriodicTask) -> str:
        """The schedule in words."""
        return str(work.scheduler)

    @admin.display(description=_("last run"))
    def last_run(self, work: models.PeriodicTask) -> str | None:
        """When beat last started it."""
        return clock(work.last_run_at) if work.last_run_at else None
