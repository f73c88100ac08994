"""Artifact: material a teacher keeps."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from chats.models import Chat, Message
from eduhu.db import MillisecondField, new_id, now
from teachers.models import Teacher

TITLE_MAX = 200


class ArtifactType(models.TextChoices):
    """The four families of material."""

    LESSON_PLAN = "lesson_plan", _("Lesson plan")
    WORKSHEET = "worksheet", _("Worksheet")
    RUBRIC = "rubric", _("Rubric")
    ACTIVITY = "activity", _("Activity")


class ArtifactQuerySet(models.QuerySet["Artifact"]):
    """Artifacts, reached only through their owner."""

    def for_teacher(self, teacher: Teacher) -> Self:
        """Keep the artifacts `teacher` may see. One without an owner belongs to nobody."""
        return self.filter(teacher_id=teacher.pk)


class Artifact(models.Model):
    """A lesson plan, worksheet, rubric or activity.

    It is deleted with its chat; archiving the chat keeps it. Its message, if it
    has one, belongs to the same chat (`triggers.py`).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    chat = models.ForeignKey(
        Chat, on_delete=models.CASCADE, null=True, blank=True, related_name="artifacts",
        verbose_name=_("chat"),
    )  # fmt: skip
    message = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="artifacts",
        verbose_name=_("message"),
    )  # fmt: skip
    title = models.CharField(_("title"), max_length=TITLE_MAX)
    content = models.TextField(_("content"))
    artifact_type = models.CharField(_("type"), max_length=20, choices=ArtifactType)
    created_at = MillisecondField(_("created"), default=now, editable=False)
    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, null=True, blank=True, related_name="artifacts",
        verbose_name=_("teacher"),
    )  # fmt: skip

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        db_table = "artifacts"
        verbose_name = _("artifact")
        verbose_name_plural = _("artifacts")
        indexes = [
            models.Index(fields=["teacher", "-created_at", "-id"], name="artifacts_of_teacher")
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(artifact_type__in=ArtifactType.values),
                name="artifacts_type_valid",
            ),
            models.CheckConstraint(condition=~models.Q(title=""), name="artifacts_title_not_empty"),
        ]

    def __str__(self) -> str:
        return self.title
