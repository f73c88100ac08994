"""Learning from material whose outcome is known, and judging it by teachers never seen."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from artifacts.insights import logistic
from artifacts.insights.logistic import Logistic
from artifacts.insights.material import FEATURES, Example, Material, examples, newest
from artifacts.insights.simulation import BEGINS, DAYS, simulate
from artifacts.models import Artifact
from eduhu.db import now

SEED, TEACHERS = 7, 150  # of the simulation that the shipped weights come from
HELD_OUT = 3  # one teacher of so many is held out
LEAST_EXAMPLES, LEAST_OF_EACH = 300, 30


class TooLittleData(Exception):
    """There is not enough material with a known outcome to learn from."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How good guesses are, on examples of teachers that nothing was learned from.

    `base_log_loss` is that of always guessing `base_rate`, the share used in training.
    """

    examples: int
    teachers: int
    auc: float
    log_loss: float
    base_log_loss: float


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, where it comes from, and how good it is."""

    model: Logistic
    source: str  # simulated, own
    examples: int
    base_rate: float
    quality: Quality

    def as_json(self) -> dict[str, Any]:
        """Return what is committed, and read again by `model.py`."""
        return {
            "trained_on": self.source,
            "examples": self.examples,
            "base_rate": self.base_rate,
            "held_out": {name: getattr(self.quality, name) for name in Quality.__slots__},
            **self.model.as_json(),
        }


def train_simulated() -> Trained:
    """Learn from the simulation."""
    return _train(simulate(SEED, TEACHERS), BEGINS + dt.timedelta(days=2 * DAYS), "simulated")


def train_own() -> Trained:
    """Learn from the rows of this installation. Raises TooLittleData."""
    owned = Artifact.objects.exclude(teacher=None)
    return _train(newest(owned, limit=None), now(), "own")


def _train(materials: list[Material], moment: dt.datetime, source: str) -> Trained:
    learned, held_out, teachers = split(list(examples(materials, moment)))
    for part in (learned, held_out):
        used = sum(label for _row, label in part)
        if len(part) < LEAST_EXAMPLES / HELD_OUT or not (
            LEAST_OF_EACH / HELD_OUT <= used <= len(part) - LEAST_OF_EACH / HELD_OUT
        ):
            text = f"{len(part)} examples, {used} of them used, are too few to learn from."
            raise TooLittleData(text)
    rows, labels = zip(*learned, strict=True)
    model = logistic.fit(FEATURES, rows, labels)
    base_rate = sum(labels) / len(labels)
    quality = judge(model, base_rate, held_out, teachers)
    return Trained(model, source, len(learned), base_rate, quality)


def split(
    found: Sequence[tuple[uuid.UUID, Example]],
) -> tuple[list[Example], list[Example], int]:
    """Return what to learn from, what to judge by, and of how many teachers the latter is."""
    held_out = {teacher_id for teacher_id, _example in found if teacher_id.int % HELD_OUT == 0}
    learned = [example for teacher_id, example in found if teacher_id not in held_out]
    return learned, [example for tid, example in found if tid in held_out], len(held_out)


def judge(model: Logistic, base_rate: float, held_out: Sequence[Example], teachers: int) -> Quality:
    """Return how good a model is on examples it has not seen."""
    labels = [label for _row, label in held_out]
    guesses = [model.probability(row) for row, _label in held_out]
    return Quality(
        len(labels),
        teachers,
        logistic.auc(guesses, labels),
        logistic.log_loss(guesses, labels),
        logistic.log_loss([base_rate] * len(labels), labels),
    )
