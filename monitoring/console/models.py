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
