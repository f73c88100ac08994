"""Restoring a backup: people first, then rows, parents before children, batch by batch.

A batch is one transaction. An import that dies has stored whole batches, each row with
its parents, and starts again at the beginning: rows that are there already and equal
are passed over.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from django.db import DataError, IntegrityError, transaction

from eduhu.mirror.backup.archive import Archive, Line, read_lines
from eduhu.mirror.backup.mapping import TEACHERS, Mapped
from eduhu.mirror.backup.people import restore_people
from eduhu.mirror.backup.plan import Plan, Planner, unique_kind
from eduhu.mirror.backup.report import ALTERED, CHANGED, OF_NOBODY, SKIPPED, Report
from eduhu.mirror.backup.rows import as_parent
from eduhu.mirror.backup.scratch import Scratch
from eduhu.mirror.backup.tables import Table, tables

BATCH_LINES = 500
BATCH_BYTES = 8 * 1024 * 1024
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Restore:
    """One import. With `dry_run` nothing is written but the report."""

    archive: Archive
    mapping: Mapping[str, Mapped]
    scratch: Scratch
    report: Report
    progress: Progress
    dry_run: bool

    def run(self) -> None:
        """Store all rows that can be; may be repeated. Raises Unusable, or a database error."""
        there = self.archive.namespaces()
        for name, mapped in self.mapping.items():
            if mapped.namespace not in there:
                continue
            for batch in batches(read_lines(self.archive, mapped.namespace)):
                if name == TEACHERS:
                    restore_people(batch, mapped, self.scratch, self.report, dry_run=self.dry_run)
                else:
                    self._restore(tables()[name], mapped, batch)
                self.report.flush()
                self.progress(f"importing {mapped.namespace}", batch[-1].number)

    def _restore(self, table: Table, mapped: Mapped, batch: Sequence[Line]) -> None:
        try:
            plan = self._stored(table, mapped, batch)
        except (IntegrityError, DataError):
            # One by one, also if it is one: another import may just have stored it.
            for line in batch:
                self._remember(
                    table, mapped.namespace, self._stored_or_refused(table, mapped, line)
                )
            return
        self._remember(table, mapped.namespace, plan)

    def _stored(self, table: Table, mapped: Mapped, batch: Sequence[Line]) -> Plan:
        # Planning only reads, but it locks what it compares with.
        with transaction.atomic():
            plan = Planner(table, mapped, self.scratch).plan(batch)
            if not self.dry_run:
                _write(table, plan)
        return plan

    def _stored_or_refused(self, table: Table, mapped: Mapped, line: Line) -> Plan:
        try:
            return self._stored(table, mapped, [line])
        except (IntegrityError, DataError) as error:
            # Only its first line: what PostgreSQL adds is the content of the row.
            reason = f"the database refuses it: {str(error).splitlines()[0]}"
            return Plan(refused=[(line.number, line.entity.get("id"), reason)])

    def _remember(self, table: Table, namespace: str, plan: Plan) -> None:
        rows = [row for row, _outcome in plan.accepted]
        self.scratch.put(table.name, ((row.id, as_parent(table, row)) for row in rows))
        if column := table.unique:
            self.scratch.put(unique_kind(table), ((row.values[column], row.id) for row in rows))
        for row, outcome in plan.accepted:
            self.report.count(namespace, outcome)
            if row.owner is None:
                self.report.count(namespace, OF_NOBODY)
            if outcome == CHANGED:
                self.report.tell(namespace, outcome, row.line, row.id, "it was different here")
            for note in row.notes:
                self.report.count(namespace, ALTERED)
                self.report.tell(namespace, ALTERED, row.line, row.id, note)
        for line, row_id, reason in plan.refused:
            self.report.count(namespace, SKIPPED)
            self.report.tell(namespace, SKIPPED, line, row_id, reason)


def _write(table: Table, plan: Plan) -> None:
    written = [row.values for row in plan.inserts]
    with table.around(written) if written else nullcontext():
        rows = table.model._base_manager
        rows.bulk_create(table.model(pk=row.id, **row.values) for row in plan.inserts)
        for pk, changes in plan.updates:
            rows.filter(pk=pk).update(**changes)
            # Triggers move the time of a row whose other columns change.
            if table.changed_at in changes:
                rows.filter(pk=pk).update(**{table.changed_at: changes[table.changed_at]})


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Group lines: not too many, and not too much."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == BATCH_LINES or size + line.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += line.size
    if batch:
        yield batch
