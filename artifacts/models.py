"""Artifact: material a teacher keeps, and what it was before."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import OuterRef
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

    def shared_with(self, teacher: Teacher) -> Self:
        """Keep the artifacts that their owners let `teacher` read at this moment.

        One by one, or with a collection (`artifacts/library/models.py`).
        """
        owner = models.F("teacher_id")
        alone = Artifact.objects.filter(
            shares__receiver_id=teacher.pk, shares__owner_id=owner
        ).values("pk")
        together = Artifact.objects.filter(
            places__collection__shares__receiver_id=teacher.pk,
            places__collection__teacher_id=owner,
        ).values("pk")
        return self.filter(pk__in=alone.union(together))


class Artifact(models.Model):
    """A lesson plan, worksheet, rubric or activity.

    `content` is Markdown where `kind` is `text`, else a document as JSON
    (`documents.py`). `revision` counts what became of title and content; the database
    does so, and keeps what was there before as a version (`triggers.py`): an object in
    memory does not see it.

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
    kind = models.CharField(
        _("kind"), max_length=20, default="text", db_default="text", editable=False
    )
    artifact_type = models.CharField(_("type"), max_length=20, choices=ArtifactType)
    created_at = MillisecondField(_("created"), default=now, editable=False)
    revision = models.PositiveIntegerField(_("revision"), default=1, db_default=1, editable=False)
    changed_at = MillisecondField(_("changed"), null=True, editable=False)
    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, null=True, blank=True, related_name="artifacts",
        verbose_name=_("teacher"),
    )  # fmt: skip

    objects = ArtifactQuerySet.as_manager()

    DATABASE_OWNED: ClassVar[frozenset[str]] = frozenset({"revision", "changed_at"})

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
        return f"…{str(self.pk)[-8:]}"  # the title holds words of its teacher

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store everything but what the database itself keeps."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            names = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            kwargs["update_fields"] = names - self.DATABASE_OWNED
        super().save(*args, **kwargs)


class ArtifactVersion(models.Model):
    """What an artifact was before it became something else; written by a trigger."""

    artifact = models.ForeignKey(
        Artifact, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    revision = models.PositiveIntegerField()
    title = models.CharField(max_length=TITLE_MAX)
    content = models.TextField()
    kind = models.CharField(max_length=20)
    created_at = MillisecondField()  # when the artifact became this

    class Meta:
        db_table = "artifact_versions"
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints = [
            models.UniqueConstraint(
                fields=["artifact", "revision"], name="artifact_versions_of_artifact"
            )
        ]

    def __str__(self) -> str:
        return f"…{str(self.artifact_id)[-8:]} ({self.revision})"


class ArtifactExportQuerySet(models.QuerySet["ArtifactExport"]):
    """Exports, reached only through who made them."""

    def for_teacher(self, teacher: Teacher) -> Self:
        """Keep the exports that `teacher` has made."""
        return self.filter(teacher_id=teacher.pk)

    def by_owner(self) -> Self:
        """Keep those of an artifact of the query around this one, by its owner.

        What colleagues make of shared material is no number of its owner.
        """
        return self.filter(artifact_id=OuterRef("pk"), teacher_id=OuterRef("teacher_id"))


class ArtifactExport(models.Model):
    """One time that a teacher took material along as a file; nothing else tells of it.

    It only names its artifact, so that deleting one costs nothing more; an export of what
    is not there any more counts nowhere. It goes with its teacher.
    """

    id = models.BigAutoField(primary_key=True)
    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="+", db_index=False,
        verbose_name=_("teacher"),
    )  # fmt: skip
    artifact_id = models.UUIDField(_("artifact"))
    format = models.CharField(_("format"), max_length=20)
    edition = models.CharField(_("edition"), max_length=20)
    is_again = models.BooleanField(_("exported before, on another day"))
    exported_at = MillisecondField(_("exported"), default=now)

    objects = ArtifactExportQuerySet.as_manager()

    class Meta:
        db_table = "artifact_exports"
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["artifact_id", "exported_at"], name="artifact_exports_of_artifact"
            ),
            models.Index(fields=["teacher", "exported_at"], name="artifact_exports_of_teacher"),
        ]

    def __str__(self) -> str:
        return f"{self.format} …{str(self.artifact_id)[-8:]}"
