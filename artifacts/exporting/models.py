"""A long export: what is wanted, how far it is, and the file once it is there."""

from typing import Self

from django.db import models
from django.db.models import Q

from eduhu.db import MillisecondField, new_id, now
from teachers.models import Teacher


class State(models.TextChoices):
    """`queued → running → ready | failed`; one whose worker died is taken up again."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


class ExportQuerySet(models.QuerySet["Export"]):
    """Exports, reached only through who asked for them."""

    def for_teacher(self, teacher: Teacher) -> Self:
        """Keep the exports of `teacher`."""
        return self.filter(teacher_id=teacher.pk)


class Export(models.Model):
    """One archive of the files of a collection.

    `lease_until` moves with every file that is done: past it, somebody else takes over.
    The file is kept in the database, where every process finds it, until `expires_at`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="exports", db_index=False
    )
    collection_id = models.UUIDField()
    name = models.CharField(max_length=120)
    format = models.CharField(max_length=10)
    edition = models.CharField(max_length=8)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    content = models.BinaryField(null=True)
    created_at = MillisecondField(default=now)
    lease_until = MillisecondField(null=True)
    expires_at = MillisecondField(null=True, db_index=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        db_table = "exports"
        indexes = [
            models.Index(fields=["teacher", "-created_at"], name="exports_of_teacher"),
            models.Index(
                fields=["created_at"], name="exports_live",
                condition=Q(state__in=["queued", "running"]),
            ),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="exports_state_valid")
        ]

    def __str__(self) -> str:
        return f"{self.state} …{str(self.pk)[-8:]}"
