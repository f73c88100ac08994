"""The outbox: which rows the mirror has still to send; reports of comparisons; its state."""

from django.conf import settings
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
        # Of a million entries that wait, or are parked, nobody reads those of the other kind.
        indexes = [
            models.Index(fields=["table", "row_id"], name="mirror_outbox_row"),
            models.Index(
                fields=["id"], name="mirror_outbox_waiting", condition=models.Q(parked_at=None)
            ),
            models.Index(
                fields=["id"], name="mirror_outbox_parked",
                condition=models.Q(parked_at__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.operation} {self.table} {self.row_id}"


class ReconcileReport(models.Model):
    """One comparison of both sides: what was looked at, and what was found.

    `finished_at` is null while it runs, and stays so if it was killed. With a
    `reason` it failed, and the numbers say how far it came. `missing` rows are only
    here, `extra` and `foreign` rows only in InstantDB; the latter were not written by
    us. `repaired` rows were given to the outbox and are not known to differ still.
    `sample` is a list of up to `SAMPLE_ROWS` of the rows found, as {table, row_id, kind}.
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
    foreign = models.PositiveIntegerField(_("foreign"), default=0, db_default=0)
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
        return self.missing + self.extra + self.foreign + self.different

    @classmethod
    def prune(cls) -> None:
        """Delete all but the newest reports."""
        newest = cls.objects.order_by("-pk").values_list("pk", flat=True)[: cls.KEPT]
        cls.objects.exclude(pk__in=list(newest)).delete()


class MirrorState(models.Model):
    """How the sending fares: one row, for all processes and through restarts.

    A person writes `paused_…`, and the drain that leads what it did. Each of them
    updates its own columns only.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    paused_at = MillisecondField(_("paused"), null=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+",
        verbose_name=_("paused by"),
    )  # fmt: skip
    pause_reason = models.TextField(_("reason"), blank=True, default="")
    leader = models.CharField(_("sent by"), max_length=100, blank=True, default="")
    seen_at = MillisecondField(_("last seen"), null=True)
    sent_at = MillisecondField(_("last sent"), null=True)
    sent_per_minute = models.JSONField(default=list)  # [[minutes since 1970, rows], …]
    failure = models.TextField(_("failure"), blank=True, default="")
    failing_since = MillisecondField(_("failing since"), null=True)
    is_closed = models.BooleanField(_("closed by InstantDB"), default=False)
    schema_ready_at = MillisecondField(_("schema compared"), null=True)  # null: not as ours

    class Meta:
        db_table = "mirror_state"
        verbose_name = verbose_name_plural = _("state of the mirror")
        default_permissions = ("view",)
        permissions = [("operate_mirror", "Can pause the mirror and send rows again")]
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="mirror_state_is_one_row")
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def load(cls) -> "MirrorState":
        """Return the row, made at the first look; who paused it comes along."""
        rows = cls._default_manager.select_related("paused_by")
        return rows.first() or cls._default_manager.get_or_create(pk=1)[0]

    @classmethod
    def write(cls, **values: object) -> None:
        """Change some columns; there need be no row yet."""
        if not cls._default_manager.filter(pk=1).update(**values):
            cls.load()
            cls._default_manager.filter(pk=1).update(**values)
