"""The outbox: which rows the mirror has still to send."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from eduhu.db import MillisecondField, now


class Operation(models.TextChoices):
    """What was done to the row; the drain reads the row itself again."""

    INSERT = "insert", _("inserted")
    UPDATE = "update", _("changed")
    DELETE = "delete", _("deleted")


class OutboxEntry(models.Model):
    """One write of one row, stored in the transaction of that write.

    It names the row, never its content. Entries of one row have growing ids in the
    order of its writes. A parked entry is one that InstantDB refuses for its
    content; it waits for the next write of its row, or for a person.
    """

    id = models.BigAutoField(primary_key=True)
    table = models.CharField(_("table"), max_length=63, db_column="table_name")
    row_id = models.UUIDField(_("row"))
    operation = models.CharField(_("operation"), max_length=6, choices=Operation)
    created_at = MillisecondField(_("created"), default=now)
    parked_at = MillisecondField(_("parked"), null=True)
    reason = models.TextField(_("reason"), blank=True, default="")

    class Meta:
        db_table = "mirror_outbox"
        verbose_name = _("outbox entry")
        verbose_name_plural = _("outbox entries")
        indexes = [
            models.Index(
                fields=["table", "row_id"], name="mirror_outbox_parked",
                condition=models.Q(parked_at__isnull=False),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.operation} {self.table} {self.row_id}"
