"""The linear head: how likely each topic is, given a message's vector. Read from `head.json`.

`manage.py train_topics` writes that file. Only its use is here, and needs no numpy.
"""

import base64
import math
from array import array
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import orjson

from eduhu import embedding

FILE = Path(__file__).with_name("head.json")


@dataclass(frozen=True, slots=True)
class Head:
    """Weights for each topic, for vectors of `model` only.

    Topics at least `sure` likely were right in 95 of 100 cases, of messages that were not
    learnt from.
    """

    version: str
    model: str
    sure: float
    topics: tuple[str, ...]
    weights: "tuple[array[float], ...]"
    biases: tuple[float, ...]

    def judge(self, vector: embedding.Vector) -> dict[str, float]:
        """Return the probability of each topic."""
        values = embedding.numbers(vector)
        pairs = zip(self.weights, self.biases, strict=True)
        scores = [embedding.cosine(values, weights) + bias for weights, bias in pairs]
        most = max(scores)
        powers = [math.exp(score - most) for score in scores]
        return {
            topic: power / sum(powers) for topic, power in zip(self.topics, powers, strict=True)
        }


@cache
def head() -> Head:
    """Return the head that is shipped."""
    kept = orjson.loads(FILE.read_bytes())
    weights = tuple(array("f", base64.b64decode(text)) for text in kept["weights"].values())
    return Head(
        kept["version"], kept["model"], kept["sure"], tuple(kept["weights"]),
        weights, tuple(kept["biases"]),
    )  # fmt: skip
