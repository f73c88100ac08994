"""The outbox: which rows the mirror has still to send; reports of comparisons."""

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


class ReconcileReport(models.Model):
    """One comparison of both sides: what was looked at, and what was found.

    `finished_at` is null while it runs, and stays so if it was killed. With a
    `reason` it failed, and the numbers say how far it came. `missing` rows are only
    here, `extra` rows only in InstantDB. `repaired` rows were given to the outbox
    and are not known to differ still. `sample` is a list of up to `SAMPLE_ROWS` of
    the rows found, as {table, row_id, kind}.
    """

    SAMPLE_ROWS = 100
    KEPT = 100

    id = models.BigAutoField(primary_key=True)
    started_at = MillisecondField(_("started"), default=now)
    finished_at = MillisecondField(_("finished"), null=True)
    tables = models.JSONField(_("tables"), default=list)
    since = MillisecondField(_("only changes since"), null=True)
    is_repair = models.BooleanField(_("repairs"), default=False)
    compared = models.PositiveIntegerField(_("compared"), default=0)
    missing = models.PositiveIntegerField(_("missing"), default=0)
    extra = models.PositiveIntegerField(_("extra"), default=0)
    different = models.PositiveIntegerField(_("different"), default=0)
    repaired = models.PositiveIntegerField(_("repaired"), default=0)
    reason = models.TextField(_("reason"), blank=True, default="")
    sample = models.JSONField(_("sample"), default=list)
    # Where the next light run goes on, by table; null for runs that look at everything.
    position = models.JSONField(_("position"), null=True)

    class Meta:
        db_table = "mirror_reconcile_report"
        verbose_name = _("comparison")
        verbose_name_plural = _("comparisons")

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {', '.join(self.tables)}"

    @property
    def found(self) -> int:
        """How many rows differed."""
        return self.missing + self.extra + self.different

    @classmethod
    def prune(cls) -> None:
        """Delete all but the newest reports."""
        newest = cls.objects.order_by("-pk").values_list("pk", flat=True)[: cls.KEPT]
        cls.objects.exclude(pk__in=list(newest)).delete()
