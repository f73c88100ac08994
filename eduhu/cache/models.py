"""What processes tell each other through the database."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from eduhu.db import MillisecondField, now


class CacheInvalidation(models.Model):
    """The scopes that a write without Redis has made untrue, for the process that serves."""

    scopes = models.JSONField()
    created_at = MillisecondField(default=now)

    class Meta:
        db_table = "cache_invalidation"

    def __str__(self) -> str:
        return ", ".join(self.scopes)


class CacheCount(models.Model):
    """What the tiers did on one day, in all processes together."""

    day = models.DateField(_("day"))
    content = models.CharField(_("content"), max_length=40)
    memory_hits = models.BigIntegerField(_("hits in the process"), default=0)
    shared_hits = models.BigIntegerField(_("hits in the shared cache"), default=0)
    misses = models.BigIntegerField(_("misses"), default=0)
    evictions = models.BigIntegerField(_("evictions"), default=0)
    loads = models.BigIntegerField(_("loads"), default=0)
    load_ms = models.FloatField(_("time of loading (ms)"), default=0)
    warmed = models.BigIntegerField(_("warmed"), default=0, db_default=0)
    warmed_used = models.BigIntegerField(_("warmed and used"), default=0, db_default=0)

    class Meta:
        db_table = "cache_counts"
        verbose_name = _("day of a cache")
        verbose_name_plural = _("days of caches")
        constraints = [
            models.UniqueConstraint(fields=["day", "content"], name="cache_counts_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.content} {self.day}"


class ReadHabit(models.Model):
    """On how many days a teacher has read in an hour of the week (`habits.slot_of`).

    `topic` is that of a chat that was read, or empty for anything else.
    """

    teacher = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    slot = models.PositiveSmallIntegerField()
    topic = models.CharField(max_length=40, blank=True)
    days = models.PositiveIntegerField()
    last_on = models.DateField()

    class Meta:
        db_table = "cache_habits"
        indexes = [models.Index(fields=["slot", "-days"], name="cache_habits_of_an_hour")]
        constraints = [
            models.UniqueConstraint(
                fields=["teacher", "slot", "topic"], name="cache_habits_once_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.slot} {self.topic}"
