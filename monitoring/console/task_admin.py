"""Tasks that failed, in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from eduhu.admin import LINK, ReadOnlyAdmin, clock, label
from eduhu.errors import EduhuError
from monitoring.console import actions
from monitoring.console.log_page import log_url
from monitoring.console.models import TaskFailure


@admin.register(TaskFailure)
class TaskFailureAdmin(ReadOnlyAdmin):
    """What failed, where, and what can be done about it."""

    list_display = ("when", "task", "error", "place", "lines", "state")
    list_display_links = None
    list_filter = ("task",)
    search_fields = ("task", "error", "task_id")
    ordering = ("-id",)
    sortable_by = ()
    actions = ("run_again",)
    fields = readonly_fields = (
        "when", "task", "error", "place", "task_id", "lines", "arguments", "state",
    )  # fmt: skip

    def has_run_permission(self, request: HttpRequest) -> bool:
        """Running tasks is for operators."""
        return bool(request.user.has_perm("console.run_task"))

    @admin.display(description=_("failed"), ordering="id")
    def when(self, failure: TaskFailure) -> str:
        """When it failed."""
        return clock(failure.failed_at)

    @admin.display(description=_("log"))
    def lines(self, failure: TaskFailure) -> SafeString:
        """Lead to its lines in the log."""
        return format_html(LINK, log_url(task_id=failure.task_id), gettext("Lines"))

    @admin.display(description=_("state"))
    def state(self, failure: TaskFailure) -> SafeString:
        """Whether somebody has run it again, or may."""
        if failure.rerun_at is not None:
            return label(_("run again"), "success")
        if failure.arguments is None or not actions.may_run_twice(failure.task):
            return label(_("not from here"), "")
        return label(_("failed"), "danger")

    @admin.action(description=_("Run again"), permissions=["run"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[TaskFailure]) -> None:
        """Start the chosen tasks once more."""
        run_each(self, request, list(queryset), lambda row: actions.run_again(failure=row))


def run_each(page: Any, request: HttpRequest, rows: list[Any], run: Any) -> None:
    """Start a task for each row, note it in the row's history, and say how that went."""
    started = 0
    for row in rows:
        try:
            task_id = run(row)
        except EduhuError as error:
            page.message_user(request, f"{row}: {error.detail}", messages.WARNING)
        else:
            started += 1
            page.log_change(request, row, gettext("Started as task %s.") % task_id)
    if started:
        text = ngettext("%d task is started.", "%d tasks are started.", started)
        page.message_user(request, text % started, messages.SUCCESS)
