"""How many rows each teacher and each chat gets: few have much, most have little."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from random import Random

BATCH_MESSAGES = 20_000
BATCH_TEACHERS = 1_000
LONGEST_CHAT = 0.05  # of all messages
MOST_CHATS = 0.02  # of all chats


@dataclass(frozen=True)
class Plan:
    """How much to make. Equal plans make equal rows.

    The first teacher is the busiest: a fiftieth of all chats, of which one holds a
    twentieth of all messages, and the next 1,000 where there are enough.
    """

    seed: int
    teachers: int
    chats: int
    messages: int
    artifacts: int

    @cached_property
    def key(self) -> str:
        """A short name for what is made."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:10]

    @cached_property
    def chats_of(self) -> list[int]:
        """The number of chats of each teacher."""
        busiest = int(self.chats * MOST_CHATS)
        rest = shares(self.chats - busiest, self._weights("teachers", self.teachers))
        return [rest[0] + busiest, *rest[1:]]

    @cached_property
    def messages_of(self) -> list[int]:
        """The number of messages of each chat, by turns of the teachers."""
        fixed = [int(self.messages * LONGEST_CHAT), min(1000, self.messages // 50)]
        fixed = fixed[: self.chats - 1]
        weights = self._weights("chats", self.chats - len(fixed))
        return [*fixed, *shares(self.messages - sum(fixed), weights)]

    @cached_property
    def artifacts_of(self) -> list[int]:
        """The number of artifacts of each chat."""
        return shares(self.artifacts, self._weights("artifacts", self.chats))

    @cached_property
    def first_chat_of(self) -> list[int]:
        """The number of the first chat of each teacher, and of all chats."""
        return [0, *accumulate(self.chats_of)]

    def batches(self) -> Iterator[range]:
        """Yield teachers by their numbers: those that have about `BATCH_MESSAGES` together."""
        start = count = 0
        for teacher, (first, last) in enumerate(pairwise(self.first_chat_of)):
            count += sum(self.messages_of[first:last])
            is_full = count >= BATCH_MESSAGES or teacher - start >= BATCH_TEACHERS
            if is_full or teacher == self.teachers - 1:
                yield range(start, teacher + 1)
                start, count = teacher + 1, 0

    def _weights(self, what: str, count: int) -> list[float]:
        random = Random(f"{self.key} {what}")
        return [random.lognormvariate(0, 0.8) for _ in range(count)]


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """Divide `total` by weight into whole numbers that sum to it exactly."""
    scale = total / sum(weights)
    bounds = [0, *(round(each * scale) for each in accumulate(weights))]
    return [after - before for before, after in pairwise(bounds)]
