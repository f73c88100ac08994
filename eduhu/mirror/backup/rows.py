"""Lines of a backup as rows of ours: converted, owned, and linked to what is there."""

import math
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from eduhu.mirror.backup.archive import Line
from eduhu.mirror.backup.mapping import TEACHERS, Mapped
from eduhu.mirror.backup.scratch import Scratch
from eduhu.mirror.backup.survey import back_kind
from eduhu.mirror.backup.tables import OWNER, Parent, Refused, Table, Values, accounts
from eduhu.mirror.backup.values import to_column, to_id, to_time


@dataclass(slots=True)
class Row:
    """A row to store; `owner` is the teacher the line names, then the one here."""

    line: int
    id: uuid.UUID
    values: Values
    owner: uuid.UUID | None
    notes: list[str]


def read_row(table: Table, mapped: Mapped, line: Line) -> Row:
    """Convert a line. Raises Refused."""
    try:
        row_id = to_id(line.entity.get("id"))
    except ValueError as error:
        raise Refused("it has no id that is a UUID") from error
    values: Values = {}
    notes: list[str] = []
    for column, labels in mapped.labels.items():
        value = next((v for v in map(line.entity.get, labels) if v is not None), None)
        if column in table.columns:
            _read_value(table.model._meta.get_field(column), value, values, notes)
        elif value is not None:
            values[column] = _owner(value)
    _fill_times(table, values, line.created_at)
    owner = values.pop(OWNER, None)
    return Row(line.number, row_id, values, owner, notes)


def _read_value(field: Any, value: Any, values: Values, notes: list[str]) -> None:
    """Leave out what does not fit, unless the row is nothing without it, and cut what is long."""
    column = field.attname
    if value is None:
        if field.null:
            values[column] = None
        return
    try:
        values[column] = to_column(field, value)
    except Refused as refusal:
        if column == OWNER or not (field.null or field.has_default()):
            raise
        notes.append(f"{refusal}, and was left out")
        return
    if isinstance(values[column], str) and len(values[column]) > (field.max_length or math.inf):
        values[column] = values[column][: field.max_length - 1] + "…"
        notes.append(f"{column} was cut to {field.max_length} characters")


def _owner(value: Any) -> uuid.UUID:
    try:
        return to_id(value)
    except ValueError as error:
        raise Refused(f"{OWNER} is no UUID") from error


def _fill_times(table: Table, values: Values, created_at: int | None) -> None:
    before = to_time(created_at) if created_at is not None else None
    for column in table.times:
        if values.get(column) is None:
            values.pop(column, None)
            if before is not None:
                values[column] = before
        before = values.get(column, before)


def read_links_back(table: Table, mapped: Mapped, rows: Sequence[Row], scratch: Scratch) -> None:
    """Fill what only the other side of a link tells."""
    for column in (OWNER, *table.links):
        for label in mapped.labels.get(column, ()):
            lacking = [row for row in rows if _link(row, column) is None]
            found = scratch.get(back_kind(table.name, label), [row.id for row in lacking])
            for row in lacking:
                if target := found.get(str(row.id)):
                    _set_link(row, column, uuid.UUID(target))


def _link(row: Row, column: str) -> Any:
    return row.owner if column == OWNER else row.values.get(column)


def _set_link(row: Row, column: str, target: uuid.UUID) -> None:
    if column == OWNER:
        row.owner = target
    else:
        row.values[column] = target


def teachers_of(rows: Collection[Row], scratch: Scratch) -> dict[uuid.UUID, uuid.UUID]:
    """Return who the named owners are here; an unknown one is left out."""
    named = {row.owner for row in rows if row.owner is not None}
    by_user = {uuid.UUID(k): uuid.UUID(v) for k, v in scratch.get(TEACHERS, named).items()}
    return {each: each for each in accounts().known(named - set(by_user))} | by_user


def set_owner(table: Table, row: Row, teachers: Mapping[uuid.UUID, uuid.UUID]) -> None:
    """Replace the owner by the one here. Raises Refused for an unknown one."""
    if row.owner is not None:
        if row.owner not in teachers:
            raise Refused("its teacher is unknown")
        row.owner = teachers[row.owner]
    if table.owner == OWNER:
        row.values[OWNER] = row.owner


def parents_of(
    table: Table, rows: Collection[Row], scratch: Scratch
) -> dict[str, dict[uuid.UUID, Parent]]:
    """Return, by column, the rows that others point to and that this import has accepted."""
    return {
        column: {
            uuid.UUID(key): _parent(value)
            for key, value in scratch.get(
                link.table, {row.values[column] for row in rows if row.values.get(column)}
            ).items()
        }
        for column, link in table.links.items()
    }


def _parent(kept: str) -> Parent:
    owner, links = orjson.loads(kept)
    return Parent(_uuid(owner), {column: _uuid(target) for column, target in links.items()})


def _uuid(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None


def as_parent(table: Table, row: Row) -> str:
    """Return what the scratch keeps of an accepted row."""
    links = {column: row.values.get(column) for column in table.links}
    return orjson.dumps([row.owner, links]).decode()


def set_links(table: Table, row: Row, parents: Mapping[str, dict[uuid.UUID, Parent]]) -> None:
    """Keep links to rows of the same owner, cut the others. Raises Refused for a needed one."""
    found: dict[str, Parent] = {}
    for column, link in table.links.items():
        target = row.values.get(column)
        if target is None:
            continue
        parent = parents[column].get(target)
        if parent is not None and _may_own(row.owner, parent.owner):
            found[column] = parent
            continue
        reason = "was not imported" if parent is None else "belongs to somebody else"
        if link.required:
            raise Refused(f"its {column} {reason}")
        row.values[column] = None
        row.notes.append(f"{column} was cut: that row {reason}")
    if table.owner in found:
        row.owner = found[table.owner].owner
    row.notes += table.mend(row.values, found)
    _refuse_gaps(table, row)


def _may_own(one: uuid.UUID | None, other: uuid.UUID | None) -> bool:
    return one is None or other is None or one == other


def _refuse_gaps(table: Table, row: Row) -> None:
    for column in table.columns:
        column_field = table.model._meta.get_field(column)
        needed = not column_field.null and not column_field.has_default()  # type: ignore[union-attr]
        if needed and row.values.get(column) is None:
            raise Refused(f"it has no {column}")
