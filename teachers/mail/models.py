"""An e-mail that is to be sent, or was."""

from django.db import models
from django.db.models import Q

from eduhu.db import MillisecondField, new_id, now
from teachers.models import Teacher


class Mailing(models.Model):
    """One e-mail. `key` says what it tells of, so that nothing is told twice.

    `due_at` moves while somebody sends it (a lease), and after a failure. It holds
    facts, never an address: that is read when it is sent.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="mailings", db_index=False
    )
    kind = models.CharField(max_length=20)  # a switch of `notifications.py`
    key = models.CharField(max_length=80)
    facts = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = MillisecondField(default=now)
    due_at = MillisecondField(default=now)
    ended_at = MillisecondField(null=True)
    outcome = models.CharField(max_length=12, blank=True)  # sent, unwanted, given up

    class Meta:
        db_table = "mailings"
        constraints = [
            models.UniqueConstraint(fields=["teacher", "kind", "key"], name="mailings_once")
        ]
        indexes = [
            models.Index(fields=["due_at"], name="mailings_due", condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.kind} …{str(self.pk)[-8:]}"
