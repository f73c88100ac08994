"""What the charts of the dashboard are drawn from, and the tasks that failed."""

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from eduhu.db import MillisecondField, now

Minute = int  # since 1970


def this_minute() -> Minute:
    """Return the minute that is running."""
    return int(now().timestamp()) // 60


class Measurement(models.Model):
    """What all processes together have measured in one minute, see `series.Numbers`.

    So charts need no Prometheus, know the processes of other machines, and survive a restart.
    """

    minute = models.PositiveIntegerField(_("minute"), primary_key=True)
    numbers = models.JSONField(_("numbers"), default=dict)

    class Meta:
        db_table = "console_measurements"
        verbose_name = _("measurement")
        verbose_name_plural = _("measurements")
        default_permissions = ("view",)
        permissions = [
            ("view_log", "Can view the log"),
            ("make_bundle", "Can make a bundle for support"),
        ]

    def __str__(self) -> str:
        return self.at.isoformat()

    @property
    def at(self) -> dt.datetime:
        """When it began."""
        return dt.datetime.fromtimestamp(self.minute * 60, dt.UTC)


class TaskFailure(models.Model):
    """A task of Celery's that failed: which, where, and what finds it in the log.

    `arguments` are kept only where all of them are numbers, ids or true and false; else
    null, and the task cannot be run again from here. `rerun_at` is when somebody did.
    """

    id = models.BigAutoField(primary_key=True)
    task = models.CharField(_("task"), max_length=200)
    task_id = models.CharField(_("task id"), max_length=64)
    request_id = models.CharField(_("request"), max_length=64, blank=True, default="")
    error = models.CharField(_("error"), max_length=120)
    place = models.CharField(_("place"), max_length=200, blank=True, default="")
    arguments = models.JSONField(_("arguments"), null=True)
    failed_at = MillisecondField(_("failed"), default=now)
    rerun_at = MillisecondField(_("run again"), null=True)

    class Meta:
        db_table = "console_task_failures"
        verbose_name = _("failed task")
        verbose_name_plural = _("failed tasks")
        default_permissions = ("view",)
        permissions = [("run_task", "Can run tasks")]

    def __str__(self) -> str:
        return f"{self.task} {self.error}"
