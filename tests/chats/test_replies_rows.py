"""Readers who ask for their rows at one time share a look, and none hears old news."""

import asyncio
import threading
import uuid

import pytest
from django.db import OperationalError

from chats.models import Reply
from chats.replies.rows import AT_ONCE, Rows


class Table:
    """Rows, and who asked for which at one time."""

    def __init__(self):
        self.ids = [uuid.uuid4() for _ in range(3)]
        self.looks, self.is_away, self.gate = [], False, threading.Event()
        self.gate.set()
        self.is_asked = threading.Event()

    def load(self, ids):
        self.looks.append(list(ids))
        self.is_asked.set()
        found = [Reply(id=each, text=f"look {len(self.looks)}") for each in ids if each in self.ids]
        self.gate.wait(10)
        if self.is_away:
            raise OperationalError
        return found


@pytest.fixture
def table():
    return Table()


async def test_who_asks_meanwhile_shares_the_next_look(table):
    rows, (first, second, third) = Rows(table.load), table.ids
    table.gate.clear()
    early = asyncio.create_task(rows.look_up(first))
    await asyncio.to_thread(table.is_asked.wait, 10)
    late = [asyncio.create_task(rows.look_up(each)) for each in (second, third, first, first)]
    await asyncio.sleep(0)
    table.gate.set()
    assert (await early).text == "look 1"
    assert {row.text for row in await asyncio.gather(*late)} == {"look 2"}
    assert table.looks == [[first], [second, third, first]]


async def test_a_row_that_is_gone_is_nothing_and_a_look_has_a_limit(table):
    rows, unknown = Rows(table.load), [uuid.uuid4() for _ in range(AT_ONCE)]
    found = await asyncio.gather(*(rows.look_up(each) for each in [*unknown, table.ids[0]]))
    assert [row and row.pk for row in found] == [None] * AT_ONCE + [table.ids[0]]
    assert [len(look) for look in table.looks] == [AT_ONCE, 1]


async def test_an_outage_reaches_all_who_wait_and_ends(table):
    rows, table.is_away = Rows(table.load), True
    failed = await asyncio.gather(*map(rows.look_up, table.ids), return_exceptions=True)
    assert [type(each) for each in failed] == [OperationalError] * 3
    table.is_away = False
    assert (await rows.look_up(table.ids[0])).pk == table.ids[0]


async def test_who_leaves_takes_nobody_along(table):
    rows, first = Rows(table.load), table.ids[0]
    table.gate.clear()
    staying, leaving = (asyncio.create_task(rows.look_up(first)) for _ in range(2))
    await asyncio.to_thread(table.is_asked.wait, 10)
    leaving.cancel()
    await asyncio.wait([leaving])
    table.gate.set()
    assert (await staying).pk == first
