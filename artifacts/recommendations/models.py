"""Vectors of what is recommended and of what it is recommended for; what teachers think of it."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from eduhu.db import MillisecondField, now
from teachers.models import Teacher

MODEL_MAX = 80


class Source(models.TextChoices):
    """Of which table a row is."""

    ARTIFACT = "artifact", _("artifact")
    CHAT = "chat", _("chat")


class Vector(models.Model):
    """What an artifact or a chat is about, as numbers of one model; never compared to another's.

    It is to be made, or made anew, while `due_at` is set; meanwhile the old one serves. Rows
    come and go by triggers (`triggers.py`); `row_id` is no foreign key, so that deleting a
    chat or an artifact takes no statement more.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(_("table"), max_length=8, choices=Source)
    row_id = models.UUIDField()
    due_at = MillisecondField(_("due"), null=True)
    model = models.CharField(  # noqa: DJ001 (null: there is no vector yet)
        _("model"), max_length=MODEL_MAX, null=True, db_index=True
    )
    vector = models.BinaryField(null=True)  # as `eduhu.embedding` returns it

    class Meta:
        db_table = "recommendation_vectors"
        verbose_name = _("vector")
        verbose_name_plural = _("vectors")
        constraints = [
            models.UniqueConstraint(
                fields=["row_id", "source"], name="recommendation_vectors_of_row"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="recommendation_vectors_due",
                condition=models.Q(due_at__isnull=False),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.source} …{str(self.row_id)[-8:]}"


class Mark(models.TextChoices):
    """What a teacher did with something recommended."""

    OPENED = "opened", _("opened")
    KEPT = "kept", _("kept")
    DISMISSED = "dismissed", _("dismissed")


class MarkQuerySet(models.QuerySet["ItemMark"]):
    """Marks, reached only through who set them."""

    def for_teacher(self, teacher: Teacher) -> Self:
        """Keep the marks of `teacher`."""
        return self.filter(teacher_id=teacher.pk)


class ItemMark(models.Model):
    """A teacher has seen something. It goes with the teacher, and with an artifact by a trigger."""

    id = models.BigAutoField(primary_key=True)
    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="+", db_index=False,
        verbose_name=_("teacher"),
    )  # fmt: skip
    item_id = models.UUIDField(db_index=True)  # of an artifact, or made of the name of a starter
    mark = models.CharField(_("mark"), max_length=10, choices=Mark)
    marked_at = MillisecondField(_("marked"), default=now)

    objects = MarkQuerySet.as_manager()

    class Meta:
        db_table = "recommendation_marks"
        verbose_name = _("mark of a recommendation")
        verbose_name_plural = _("marks of recommendations")
        constraints = [
            models.UniqueConstraint(
                fields=["teacher", "item_id"], name="recommendation_marks_once"
            ),
            models.CheckConstraint(
                condition=models.Q(mark__in=Mark.values), name="recommendation_marks_valid"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mark} …{str(self.item_id)[-8:]}"
