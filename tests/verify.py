"""What a device knows from a snapshot and the events after it, held against a fresh snapshot."""

import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from tests.readers import Device, Event, Socket

Rows = dict[str, dict[str, Any]]
Tables = dict[str, Rows]  # by the names that events use

LISTS = {
    "chats": ("/api/chats", "/api/chats?archived=true"),
    "artifacts": ("/api/artifacts",),
}
EVENT_TYPES = {"changed": {"table", "id", "seq", "row"}, "deleted": {"table", "id", "seq"}}


async def snapshot(device: Device) -> Tables:
    """Everything of a teacher's that a client lists."""
    tables = {}
    for table, paths in LISTS.items():
        rows = [row for path in paths for row in await all_pages(device, path)]
        tables[table] = {row["id"]: row for row in rows}
        assert len(tables[table]) == len(rows), "a row in two lists"
    preferences = await device.get("/api/preferences")
    return {**tables, "teacher_preferences": {preferences["id"]: preferences}}


async def all_pages(device: Device, path: str) -> list[dict[str, Any]]:
    """Every row of a list."""
    rows, next_path = [], path
    while next_path:
        page = await device.get(next_path)
        rows += page["results"]
        following = urlsplit(page["next"] or "")
        next_path = following.path and f"{following.path}?{following.query}"
    return rows


class Watcher:
    """A device that took a snapshot once and hears events since. Use it with `async with`."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.heard: list[Event] = []

    async def __aenter__(self) -> "Watcher":
        self._closing = contextlib.AsyncExitStack()
        self._socket: Socket = await self._closing.enter_async_context(self.device.events())
        assert (await self._socket.receive()).type == "ready"
        self.tables = await snapshot(self.device)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    async def hear(self) -> None:
        """Wait for one event, and apply it."""
        event = await self._socket.receive()
        self.heard.append(event)
        assert set(event.data) == {"type", *EVENT_TYPES[event.type]}
        assert event.data["seq"] == len(self.heard), "an event is missing"
        rows, row_id = self.tables[event.data["table"]], event.data["id"]
        if event.type == "deleted":
            rows.pop(row_id, None)
        else:
            assert event.data["row"]["id"] == row_id
            rows[row_id] = event.data["row"]

    async def hear_until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Apply events until `condition`; fail when none comes any more."""
        while not await condition():
            await self.hear()

    async def knows_the_truth(self) -> bool:
        """Whether it knows exactly what it would be told now."""
        return self.tables == await snapshot(self.device)


@contextlib.asynccontextmanager
async def verified(
    *, actor: Device, watching: list[Device], stranger: Device
) -> AsyncIterator[None]:
    """Verify what happens in the block: events lead from the old snapshot to a fresh one.

    They do so on all devices of the teacher, and the stranger hears nothing of it.
    """
    async with contextlib.AsyncExitStack() as stack:
        watchers = [await stack.enter_async_context(Watcher(each)) for each in watching]
        foreign = await stack.enter_async_context(Watcher(stranger))
        before = await snapshot(actor)
        yield
        assert await snapshot(actor) != before, "nothing happened"
        for watcher in watchers:
            await watcher.hear_until(watcher.knows_the_truth)
        await _mark(actor, watchers)
        for watcher in watchers:
            assert await watcher.knows_the_truth()
        await _mark(stranger, [foreign])
        assert len(foreign.heard) == 1, "a stranger heard something"


async def _mark(device: Device, watchers: list[Watcher]) -> None:
    """Make a change of its own and wait until it is heard: all before it has been heard, too."""
    mark = uuid.uuid4().hex
    await device.call("PATCH", "/api/preferences", {"grade_level": mark})
    for watcher in watchers:
        await watcher.hear_until(partial(_has_grade, watcher, mark))


async def _has_grade(watcher: Watcher, mark: str) -> bool:
    [preferences] = watcher.tables["teacher_preferences"].values()
    return preferences["grade_level"] == mark
