"""Keyset pages: no gaps or repeats while rows are added, and page 2,000 costs what page 1 does."""

import base64
import binascii
import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from eduhu.compiled import Param, Select
from eduhu.db import epoch_ms, from_epoch_ms
from eduhu.errors import InvalidCursor, InvalidInput

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page a client asks for: at most `limit` rows before `cursor`."""

    limit: int
    before: tuple[dt.datetime, uuid.UUID] | None

    @classmethod
    def from_query(cls, query: Mapping[str, str], *, default: int, maximum: int) -> "PageRequest":
        """Read `limit` and `cursor`. A limit over `maximum` is capped.

        Raises InvalidInput for a limit that is no positive number, InvalidCursor
        for a cursor this server did not make.
        """
        cursor = query.get("cursor")
        return cls(
            limit=min(_positive(query.get("limit", str(default))), maximum),
            before=_decode(cursor) if cursor else None,
        )


def _positive(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) > 0:
        return int(text)
    raise InvalidInput(_("`limit` must be a positive number."), errors={"limit": [text[:40]]})


def newest_first(
    rows: QuerySet[Row, Any], page: PageRequest, *, time_field: str
) -> QuerySet[Row, Any]:
    """Return `rows` of the page and one more, newest first; ties are ordered by id."""
    if page.before is not None:
        moment, row_id = page.before
        # `time <= m` alone can walk the index; an OR of both conditions could not.
        rows = rows.filter(
            Q(**{f"{time_field}__lte": moment}),
            Q(**{f"{time_field}__lt": moment}) | Q(id__lt=row_id),
        )
    return rows.order_by(f"-{time_field}", "-id")[: page.limit + 1]


def split(
    rows: list[dict[str, Any]], page: PageRequest, *, time_field: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Cut off the row too many and return the cursor to what comes after the page."""
    if len(rows) <= page.limit:
        return rows, None
    rows = rows[: page.limit]
    return rows, _encode(rows[-1][time_field], rows[-1]["id"])


class Pages:
    """The pages of a query, newest first, whose statements are built once for each length.

    `rows` has a `Param` for each value that `read` is given later.
    """

    def __init__(self, rows: QuerySet[Any, Any], fields: Sequence[str], *, time_field: str) -> None:
        self._rows = rows
        self._fields = fields
        self._time_field = time_field
        # One for each length and place: nearly all clients ask for the same.
        self._statement = lru_cache(maxsize=16)(self._built)

    def read(self, page: PageRequest, **values: Any) -> tuple[list[dict[str, Any]], str | None]:
        """Return the rows of a page, and the cursor to what comes after it."""
        if page.before is not None:
            values["before"], values["before_id"] = page.before
        found = self._statement(page.limit, page.before is not None).all(**values)
        rows = [dict(zip(self._fields, row, strict=True)) for row in found]
        return split(rows, page, time_field=self._time_field)

    def _built(self, limit: int, has_cursor: bool) -> Select:
        moment: Any = Param(self._rows.model, self._time_field, "before")
        row_id: Any = Param(self._rows.model, "id", "before_id")
        page = PageRequest(limit, (moment, row_id) if has_cursor else None)
        rows = newest_first(self._rows, page, time_field=self._time_field)
        return Select(rows.values_list(*self._fields))


def to_keep(load: Callable[[], tuple[Any, str | None]]) -> bytes:
    """Return a page as the caches keep it: its cursor, and its rows on the next line."""
    rows, cursor = load()
    return (cursor or "").encode() + b"\n" + orjson.dumps(rows)


def kept_rows(value: bytes) -> list[dict[str, Any]]:
    """Return the rows of a page that the caches keep, as they are shown."""
    rows: list[dict[str, Any]] = orjson.loads(value.partition(b"\n")[2])
    return rows


@dataclass(frozen=True, slots=True)
class JsonPage:
    """The rows of a page as JSON, and the cursor to the next."""

    results: orjson.Fragment
    cursor: str | None

    @classmethod
    def of(cls, rows: Any, cursor: str | None) -> "JsonPage":
        """Show rows."""
        return cls(orjson.Fragment(orjson.dumps(rows)), cursor)

    @classmethod
    def kept(cls, value: bytes) -> "JsonPage":
        """Show what the caches keep."""
        cursor, _, results = value.partition(b"\n")
        return cls(orjson.Fragment(results), cursor.decode() or None)

    def answer(self, request: Request) -> dict[str, Any]:
        """Return the body of an answer."""
        return {"results": self.results, "next": next_url(request, self.cursor)}


def next_url(request: Request, cursor: str | None) -> str | None:
    """Return the complete URL of the next page, or None at the end."""
    if cursor is None:
        return None
    query = {**request.query_params.dict(), "cursor": cursor}
    return request.build_absolute_uri(f"{request.path}?{urlencode(query)}")


def _encode(moment: dt.datetime, row_id: uuid.UUID) -> str:
    raw = epoch_ms(moment).to_bytes(8, "big", signed=True) + row_id.bytes
    return base64.urlsafe_b64encode(raw).decode()


def _decode(cursor: str) -> tuple[dt.datetime, uuid.UUID]:
    try:
        raw = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        if len(raw) != 24:
            raise InvalidCursor
        moment = from_epoch_ms(int.from_bytes(raw[:8], "big", signed=True))
    except (binascii.Error, UnicodeEncodeError, OverflowError, ValueError, OSError) as error:
        raise InvalidCursor from error
    return moment, uuid.UUID(bytes=raw[8:])
