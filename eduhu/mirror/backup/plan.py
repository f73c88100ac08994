"""What becomes of a batch of rows, given what is there: new, changed, unchanged, or not ours."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from eduhu.mirror.backup.archive import Line
from eduhu.mirror.backup.mapping import Mapped
from eduhu.mirror.backup.report import CHANGED, CREATED, NEWER_HERE, UNCHANGED
from eduhu.mirror.backup.rows import (
    Row,
    parents_of,
    read_links_back,
    read_row,
    set_links,
    set_owner,
    teachers_of,
)
from eduhu.mirror.backup.scratch import Scratch
from eduhu.mirror.backup.tables import Refused, Table, Values


@dataclass(slots=True)
class Plan:
    """`accepted` are rows with their outcome; `refused` are lines with their id and reason."""

    accepted: list[tuple[Row, str]] = field(default_factory=list)
    refused: list[tuple[int, object, str]] = field(default_factory=list)
    inserts: list[Row] = field(default_factory=list)
    updates: list[tuple[uuid.UUID, Values]] = field(default_factory=list)


class Planner:
    """Plans the rows of one table. Lines that were accepted before stand in the scratch."""

    def __init__(self, table: Table, mapped: Mapped, scratch: Scratch) -> None:
        self._table = table
        self._mapped = mapped
        self._scratch = scratch

    def plan(self, lines: Sequence[Line]) -> Plan:
        """Look at lines and at the rows there are. Writes nothing."""
        plan = Plan()
        rows = self._rows(lines, plan)
        there = _Existing(self._table, rows)
        seen = self._accepted_before(rows)
        for row in rows:
            try:
                self._refuse_twice(row, seen)
                self._decide(row, there.find(row), plan)
            except Refused as refusal:
                plan.refused.append((row.line, row.id, str(refusal)))
        return plan

    def _rows(self, lines: Sequence[Line], plan: Plan) -> list[Row]:
        """Return the rows that can be stored as far as the backup itself tells."""
        rows = []
        for line in lines:
            try:
                rows.append(read_row(self._table, self._mapped, line))
            except Refused as refusal:
                plan.refused.append((line.number, line.entity.get("id"), str(refusal)))
        read_links_back(self._table, self._mapped, rows, self._scratch)
        teachers = teachers_of(rows, self._scratch)
        parents = parents_of(self._table, rows, self._scratch)
        good = []
        for row in rows:
            try:
                set_owner(self._table, row, teachers)
                set_links(self._table, row, parents)
                good.append(row)
            except Refused as refusal:
                plan.refused.append((row.line, row.id, str(refusal)))
        return good

    def _accepted_before(self, rows: Sequence[Row]) -> set[object]:
        seen: set[object] = set(self._scratch.get(self._table.name, [row.id for row in rows]))
        if column := self._table.unique:
            values = [row.values[column] for row in rows]
            seen.update(self._scratch.get(unique_kind(self._table), values))
        return seen

    def _refuse_twice(self, row: Row, seen: set[object]) -> None:
        if str(row.id) in seen:
            raise Refused("its id came before")
        value = str(row.values[self._table.unique]) if self._table.unique else None
        if value in seen:
            raise Refused(f"its {self._table.unique} came before")
        seen.update([str(row.id), value] if value else [str(row.id)])

    def _decide(self, row: Row, existing: Values | None, plan: Plan) -> None:
        if existing is None:
            plan.inserts.append(row)
            plan.accepted.append((row, CREATED))
            return
        self._refuse_foreign(row, existing)
        changes = {k: value for k, value in row.values.items() if existing[k] != value}
        if not changes:
            plan.accepted.append((row, UNCHANGED))
        elif self._is_newer_here(row, existing):
            plan.accepted.append((row, NEWER_HERE))
        else:
            plan.updates.append((existing["pk"], changes))
            plan.accepted.append((row, CHANGED))

    def _refuse_foreign(self, row: Row, existing: Values) -> None:
        if existing[self._table.owner_path] != row.owner:
            raise Refused("a row of somebody else has this id")
        for column, link in self._table.links.items():
            if link.required and existing[column] != row.values[column]:
                raise Refused(f"a row of another {column} has this id")

    def _is_newer_here(self, row: Row, existing: Values) -> bool:
        column = self._table.changed_at
        if column is None:
            return False
        return column not in row.values or bool(existing[column] > row.values[column])


def unique_kind(table: Table) -> str:
    """Return under which kind the scratch keeps values that only one row may have."""
    return f"unique {table.name}"


class _Existing:
    """The rows that are there already, locked where the database can."""

    def __init__(self, table: Table, rows: Sequence[Row]) -> None:
        self._unique = table.unique
        names = {"pk", table.owner_path, *table.columns}
        # In order, so that two imports at once wait for each other and no more.
        found = table.model._base_manager.order_by("pk")
        found = found.select_for_update(no_key=True, of=("self",))
        ids = [row.id for row in rows]
        self._by_id = {each["pk"]: each for each in found.filter(pk__in=ids).values(*names)}
        self._by_value: dict[Any, Values] = {}
        if self._unique:
            values = [row.values[self._unique] for row in rows]
            same = found.filter(**{f"{self._unique}__in": values}).values(*names)
            self._by_value = {each[self._unique]: each for each in same}

    def find(self, row: Row) -> Values | None:
        """Return the row of the same id, or else of the same unique value."""
        if row.id in self._by_id or self._unique is None:
            return self._by_id.get(row.id)
        return self._by_value.get(row.values[self._unique])
