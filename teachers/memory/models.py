"""Memory: one line each that a teacher wants the assistant to know."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from eduhu.db import MillisecondField, new_id, now
from teachers.models import Teacher

TEXT_MAX = 300


class MemoryQuerySet(models.QuerySet["Memory"]):
    """Memories, reached only through their owner."""

    def for_teacher(self, teacher: Teacher) -> Self:
        """Keep what is remembered for `teacher`."""
        return self.filter(teacher_id=teacher.pk)


class Memory(models.Model):
    """One line; `key` is what makes two of them the same."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="memories", verbose_name=_("teacher"),
        db_index=False,
    )  # fmt: skip
    text = models.CharField(_("text"), max_length=TEXT_MAX)
    key = models.CharField(max_length=TEXT_MAX, editable=False)
    created_at = MillisecondField(_("created"), default=now, editable=False)

    objects = MemoryQuerySet.as_manager()

    class Meta:
        db_table = "memories"
        verbose_name = _("memory")
        verbose_name_plural = _("memories")
        constraints = [
            models.UniqueConstraint(fields=["teacher", "key"], name="memories_said_once")
        ]

    def __str__(self) -> str:
        return f"…{str(self.pk)[-8:]}"
