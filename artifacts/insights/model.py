"""The weights in use: those that are shipped, or the school's own (`INSIGHTS_WEIGHTS`)."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from artifacts.insights.logistic import Logistic
from artifacts.insights.material import FEATURES

SHIPPED = Path(__file__).with_name("weights.json")


@dataclass(frozen=True, slots=True)
class Learned:
    """A model, and what a teacher is told about it."""

    model: Logistic
    trained_on: str
    examples: int
    base_rate: float
    auc: float


def learned() -> Learned:
    """Return the model in use; a file that was trained again counts at once.

    Raises OSError or ValueError for a file that is none.
    """
    path = Path(settings.INSIGHTS_WEIGHTS or SHIPPED)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(path: Path, _changed_at: int) -> Learned:
    try:
        stored = json.loads(path.read_text())
        model = Logistic.from_json(stored)
        found = Learned(
            model, stored["trained_on"], int(stored["examples"]), float(stored["base_rate"]),
            float(stored["held_out"]["auc"]),
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} holds no weights") from error
    if model.features != FEATURES:
        raise ValueError(f"{path} was trained on other features")
    return found
