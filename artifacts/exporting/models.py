"""A long export: what is wanted, how far it is, and the file once it is there."""

from typing import Self

from django.db import models
from django.db.models import Q

from artifacts.exports import FORMATS, Format
from eduhu.db import MillisecondField, new_id, now
from teachers.models import Teacher

ARCHIVE = Format("application/zip", "zip")


class State(models.TextChoices):
    """`queued → running → ready | failed`; one whose worker died is taken up again."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


LIVE = Q(state__in=[State.QUEUED, State.RUNNING])


class LongExportQuerySet(models.QuerySet["LongExport"]):
    """Long exports, reached only through who asked for them."""

    def for_teacher(self, teacher: Teacher) -> Self:
        """Keep the exports of `teacher`."""
        return self.filter(teacher_id=teacher.pk)

    def ready(self) -> Self:
        """Keep those whose file is there and has not expired."""
        return self.filter(state=State.READY, expires_at__gt=now())


class LongExport(models.Model):
    """A file that takes longer to make than anybody waits: of a collection, or of one artifact.

    Its table is `exports`, as the API calls them. That a file was made at all, long or not,
    is noted elsewhere, as `ArtifactExport` in `artifact_exports`: it has no file, and stays.

    `lease_until` moves with everything that is done: past it, somebody else takes over.
    The file is kept in the database, where every process finds it, until `expires_at`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="exports", db_index=False
    )
    collection_id = models.UUIDField(null=True)
    artifact_id = models.UUIDField(null=True)
    revision = models.PositiveIntegerField(null=True)  # of the artifact that is in the file
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

    objects = LongExportQuerySet.as_manager()

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

    @property
    def file_format(self) -> Format:
        """What the file is, once it is there."""
        return FORMATS[self.format] if self.artifact_id else ARCHIVE
