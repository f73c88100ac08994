"""What operators announce."""

from typing import Any, Self

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from eduhu.db import MillisecondField, now

TEXT_MAX = 300


class Severity(models.TextChoices):
    """How much of a teacher's attention it needs."""

    INFO = "info", _("information")
    WARNING = "warning", _("warning")
    DANGER = "danger", _("outage")


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Notices by time."""

    def not_over(self, moment: Any = None) -> Self:
        """Keep what holds at `moment` (now, unless it is given) or later."""
        return self.filter(models.Q(ends_at=None) | models.Q(ends_at__gt=moment or now()))


class Notice(models.Model):
    """Words for everybody, from a moment until another, or until somebody ends it.

    While one that `stops_writes` holds, the API only reads: maintenance.
    """

    id = models.BigAutoField(primary_key=True)
    text_de = models.CharField(_("German text"), max_length=TEXT_MAX)
    text_en = models.CharField(_("English text"), max_length=TEXT_MAX)
    severity = models.CharField(
        _("severity"), max_length=8, choices=Severity, default=Severity.INFO
    )
    begins_at = MillisecondField(_("from"), default=now)
    ends_at = MillisecondField(_("until"), null=True, blank=True)
    stops_writes = models.BooleanField(_("read only, no new replies"), default=False)
    created_at = MillisecondField(_("created"), default=now, editable=False)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        db_table = "notices"
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        default_permissions = ("add", "change", "view")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at=None) | models.Q(ends_at__gt=models.F("begins_at")),
                name="notices_end_after_they_begin",
            ),
            models.CheckConstraint(
                condition=models.Q(severity__in=Severity.values), name="notices_severity_valid"
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """The words in the reader's language."""
        return self.text_en if (get_language() or "").startswith("en") else self.text_de

    @property
    def holds(self) -> bool:
        """Whether its time is now."""
        return self.begins_at <= now() and (self.ends_at is None or now() < self.ends_at)
