"""What backups are made of and restored to; each app registers its tables when it is ready."""

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.db import models

Values = dict[str, Any]  # of a row, by column; a missing one is left as it is
OWNER = "teacher_id"
USERS = "$users"


class Refused(Exception):
    """A row that cannot be stored; the text says why, and holds nothing of its content."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A row that others point to: whose it is, and what it points to itself."""

    owner: uuid.UUID | None
    links: dict[str, uuid.UUID | None]


@dataclass(frozen=True, slots=True)
class Link:
    """A column with the id of a row in `table`; without that row it is cut, or the row refused."""

    table: str
    required: bool = False


def _leave(values: Values, parents: Mapping[str, Parent]) -> list[str]:
    return []


def _nothing_moves(rows: Sequence[Values]) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Table:
    """How rows of a model are restored. Tables are registered parents first.

    `owner` is the column with the teacher, or the link to the row that has the same
    one. `times` fall back each on the one before, the first on InstantDB's own.
    `namespaces` and `labels` are the names there, the likeliest first.
    `mend` makes values fit, returns what it did, and may raise Refused. `around`
    is entered, in their transaction, around the writing of rows.
    """

    model: type[models.Model]
    columns: tuple[str, ...]
    times: tuple[str, ...]
    namespaces: tuple[str, ...]
    owner: str = OWNER
    unique: str | None = None  # another column that only one row may have
    changed_at: str | None = None  # of two versions of a row the later one stands
    links: dict[str, Link] = field(default_factory=dict)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mend: Callable[[Values, Mapping[str, Parent]], list[str]] = _leave
    around: Callable[[Sequence[Values]], AbstractContextManager[None]] = _nothing_moves

    @property
    def name(self) -> str:
        """The table."""
        return self.model._meta.db_table

    @property
    def owner_path(self) -> str:
        """How a query names the owner."""
        if self.owner == OWNER:
            return OWNER
        return f"{self.model._meta.get_field(self.owner).name}__{OWNER}"


@dataclass(frozen=True, slots=True)
class User:
    """A row of `$users`."""

    id: uuid.UUID
    email: str  # "" for none
    created_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Accounts:
    """The people that rows belong to.

    `find` returns who they are here, by address or else by id; `refusal` why one
    cannot be made; `create` makes them, unable to sign in; `known` says which ids
    there are; `page` returns people in order of their ids, after the given one.
    """

    find: Callable[[Collection[User]], dict[uuid.UUID, uuid.UUID]]
    refusal: Callable[[User], str | None]
    create: Callable[[Collection[User]], None]
    known: Callable[[Collection[uuid.UUID]], set[uuid.UUID]]
    count: Callable[[], int]
    page: Callable[[uuid.UUID | None, int], list[User]]


_tables: dict[str, Table] = {}
_accounts: list[Accounts] = []


def register(table: Table) -> None:
    """Make a table part of backups; called once, when its app is ready."""
    _tables[table.name] = table


def register_accounts(accounts: Accounts) -> None:
    """Say where people are kept; called once."""
    _accounts[:] = [accounts]


def tables() -> dict[str, Table]:
    """Return all tables by name, parents first."""
    return dict(_tables)


def accounts() -> Accounts:
    """Return where people are kept."""
    [found] = _accounts
    return found
