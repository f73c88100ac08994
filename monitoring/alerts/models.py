"""Alerts and their history, who was told, what is silenced, and what each process measures."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from eduhu.db import MillisecondField, now


class AlertQuerySet(models.QuerySet["Alert"]):
    """Alerts by their state."""

    def open(self) -> Self:
        """Keep what goes on."""
        return self.filter(resolved_at=None)


class Alert(models.Model):
    """One episode of something wrong, from its first sign to its end.

    `subject` is what it is about, where a rule tells several things apart. `detail` is
    what was measured last, in words that hold nothing personal. `seen_at` is the last
    sign. `told_at` is null while nobody was told, because it is silenced.
    """

    id = models.BigAutoField(primary_key=True)
    rule = models.CharField(_("rule"), max_length=40)
    subject = models.CharField(_("subject"), max_length=120, blank=True, default="")
    detail = models.CharField(_("measured"), max_length=300, blank=True, default="")
    begun_at = MillisecondField(_("begun"), default=now)
    seen_at = MillisecondField(_("last sign"), default=now)
    told_at = MillisecondField(_("told"), null=True)
    resolved_at = MillisecondField(_("resolved"), null=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        db_table = "alerts"
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        default_permissions = ("view",)
        permissions = [("silence_alert", "Can silence alerts")]
        indexes = [models.Index(fields=["-begun_at"], name="alerts_by_time")]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject"], name="alerts_one_open",
                condition=models.Q(resolved_at__isnull=True),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}".strip()


class Kind(models.TextChoices):
    """What a delivery tells."""

    BEGUN = "begun", _("begun")
    RESOLVED = "resolved", _("resolved")


class Delivery(models.Model):
    """One message about an alert over one channel: waiting, sent, or given up with a reason."""

    id = models.BigAutoField(primary_key=True)
    alert = models.ForeignKey(
        Alert, models.CASCADE, related_name="deliveries", verbose_name=_("alert")
    )
    kind = models.CharField(_("tells"), max_length=8, choices=Kind)
    channel = models.CharField(_("channel"), max_length=120)
    created_at = MillisecondField(_("created"), default=now)
    due_at = MillisecondField(_("next attempt"), default=now)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    sent_at = MillisecondField(_("sent"), null=True)
    given_up_at = MillisecondField(_("given up"), null=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")

    class Meta:
        db_table = "alert_deliveries"
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["due_at"], name="alert_deliveries_due",
                condition=models.Q(sent_at__isnull=True, given_up_at__isnull=True),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.channel}"


class Silence(models.Model):
    """Nobody is told of a rule until a moment; an empty subject stands for all of it."""

    id = models.BigAutoField(primary_key=True)
    rule = models.CharField(_("rule"), max_length=40)
    subject = models.CharField(_("subject"), max_length=120, blank=True, default="")
    until = MillisecondField(_("until"))
    reason = models.CharField(_("reason"), max_length=300)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+",
        verbose_name=_("silenced by"),
    )  # fmt: skip
    created_at = MillisecondField(_("created"), default=now)

    class Meta:
        db_table = "alert_silences"
        verbose_name = _("silence")
        verbose_name_plural = _("silences")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}".strip()


class ProcessSample(models.Model):
    """What one process measured last: a row that it writes over and over."""

    name = models.CharField(primary_key=True, max_length=120)  # web@host:4711
    seen_at = MillisecondField(default=now)
    numbers = models.JSONField(default=dict)  # see sample.Sample

    class Meta:
        db_table = "alert_processes"
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class Watchkeeping(models.Model):
    """One row: when the rules were evaluated last, and since when that goes on."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    evaluated_at = MillisecondField(null=True)
    watched_since = MillisecondField(default=now)  # without a gap

    class Meta:
        db_table = "alert_watch"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="alert_watch_is_one_row")
        ]

    def __str__(self) -> str:
        return "watch"

    @classmethod
    def load(cls) -> "Watchkeeping":
        """Return the row, made at the first look."""
        return cls._default_manager.first() or cls._default_manager.get_or_create(pk=1)[0]
