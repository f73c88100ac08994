"""Signs of life: who did something last, and whether it went well."""

import datetime as dt

from django.db import models

from eduhu.db import MillisecondField, now

CELERY = "celery"
PROBE = "probe:"


class Sign(models.Model):
    """The last sign of `name`: `celery`, or `probe:` with what was probed."""

    name = models.CharField(max_length=60, primary_key=True)
    is_ok = models.BooleanField(default=True)
    seconds = models.FloatField(default=0)
    reason = models.CharField(max_length=200, blank=True)
    seen_at = MillisecondField(default=now)

    class Meta:
        db_table = "health_signs"

    def __str__(self) -> str:
        return self.name

    @property
    def age(self) -> dt.timedelta:
        """How long ago it was given."""
        age: dt.timedelta = now() - self.seen_at
        return age

    @classmethod
    def give(cls, name: str, *, is_ok: bool = True, seconds: float = 0.0, reason: str = "") -> None:
        """Store a sign in the place of the one before."""
        told = {"is_ok": is_ok, "seconds": seconds, "reason": reason[:200], "seen_at": now()}
        cls.objects.update_or_create(name=name, defaults=told)
