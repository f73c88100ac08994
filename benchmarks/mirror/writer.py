"""A teacher who goes on writing while something else is measured."""

import itertools
import random
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.measure import Numbers, spread
from benchmarks.mirror.world import World

FEWEST_CHATS = 5


@dataclass(frozen=True, slots=True)
class Write:
    """A change that was answered. Its times are of `time.monotonic()`, the row's in epoch ms.

    A deleted row has changed at the end of all times.
    """

    row_id: str
    begun: float
    ended: float
    updated_at: float

    @property
    def seconds(self) -> float:
        """How long the answer took."""
        return self.ended - self.begun


class Writer:
    """Creates, renames and deletes chats through the API; at most `most_chats` at a time."""

    def __init__(
        self, world: World, seed: int = 1, *, teacher: int = 0, most_chats: int = 1_000_000
    ) -> None:
        self.writes: list[Write] = []
        self.dice = random.Random(seed)
        self.chats: list[str] = []
        self.client = httpx.Client(
            base_url=world.cluster.urls[0],
            headers={"authorization": f"Bearer {world.cluster.tokens[teacher][0]}"},
            timeout=30,
        )
        self._most_chats = most_chats
        self._stop = threading.Event()

    def write(self) -> None:
        """Make one change. Raises httpx.HTTPError."""
        what, count = self.dice.random(), len(self.chats)
        if count < FEWEST_CHATS or (what < 0.5 and count < self._most_chats):
            self._create()
        elif what < 0.9:
            self._call("PATCH", self.dice.choice(self.chats), title=f"Neu {what}")
        else:
            self._call("DELETE", self.chats.pop(self.dice.randrange(count)))

    def _create(self) -> None:
        self.chats.append(self._call("POST", "", title=f"Chat {self.dice.random()}"))

    def _call(self, method: str, chat_id: str, **body: Any) -> str:
        """Return the id of the chat."""
        begun, path = time.monotonic(), f"/api/chats/{chat_id}".rstrip("/")
        answer = self.client.request(method, path, json=body or None).raise_for_status()
        row: Any = answer.json() if body else {"id": chat_id, "updated_at": float("inf")}
        self.writes.append(Write(row["id"], begun, time.monotonic(), row["updated_at"]))
        return str(row["id"])

    @contextmanager
    def going_on(self, pause: float) -> Iterator[None]:
        """Write each `pause` seconds, however long a write takes, for the length of the block."""
        begun = time.monotonic()

        def go_on() -> None:
            for number in itertools.count(1):
                if self._stop.wait(max(0.0, begun + number * pause - time.monotonic())):
                    break
                self.write()

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def numbers(self) -> Numbers:
        """Return how many changes there were, and how long they took (ms)."""
        return {"writes": len(self.writes), "write_ms": milliseconds(self.writes)}


def milliseconds(writes: Iterable[Write]) -> Numbers:
    """Return how long the answers took."""
    return spread(each.seconds * 1000 for each in writes)
