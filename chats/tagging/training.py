"""Learns the head from the seeds: multinomial logistic regression, by numpy alone.

The same seeds and model give the same weights. Not imported where messages are tagged.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from chats.tagging import head
from chats.tagging.examples import seeds
from chats.topics import TOPICS
from eduhu import embedding
from eduhu.embedding.local import numpy as np

FOLDS = 6
_PENALTY = 3e-4
_STEPS = 400
_SURE = 0.95  # of the messages that count as sure, so many are right
_THRESHOLDS = [step / 100 for step in range(20, 91, 5)]

Matrix = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the training found: the right share of all, and of those that count as sure."""

    accuracy: float
    sure: float
    share_sure: float


def train() -> Learnt:
    """Write the head anew, and return how well it does on seeds it has not seen."""
    topics = list(TOPICS)
    known = seeds()
    vectors = np.array([embedding.numbers(v) for v in embedding.embed([m for _t, m in known])])
    wanted = np.array([topics.index(topic) for topic, _message in known])
    learnt = _measured(vectors, wanted, len(topics))
    weights = _fit(vectors, wanted, len(topics))
    _write(topics, known, weights, learnt)
    return learnt


def version_of(known: list[tuple[str, str]]) -> str:
    """Return the name of a head that was learnt from these seeds."""
    mark = hashlib.sha256("\n".join(map("\t".join, known)).encode()).hexdigest()[:8]
    return f"{embedding.model()}/{mark}"


def _fit(vectors: Matrix, wanted: Any, count: int) -> Matrix:
    """Return weights, the last row being the biases, by Nesterov's accelerated gradient."""
    inputs = np.hstack([vectors, np.ones((len(vectors), 1))])
    targets = np.eye(count)[wanted]
    rate = 1 / (0.5 * np.linalg.norm(inputs, 2) ** 2 / len(inputs) + _PENALTY)
    weights = ahead = np.zeros((inputs.shape[1], count))
    for step in range(_STEPS):
        slope = inputs.T @ (_softmax(inputs @ ahead) - targets) / len(inputs)
        slope[:-1] += _PENALTY * ahead[:-1]
        moved = ahead - rate * slope
        ahead = moved + step / (step + 3) * (moved - weights)
        weights = moved
    return weights


def _softmax(scores: Matrix) -> Matrix:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Matrix = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _measured(vectors: Matrix, wanted: Any, count: int) -> Learnt:
    """Learn from five sixths and judge the rest, six times."""
    fold = np.random.default_rng(0).permutation(len(vectors)) % FOLDS
    likely = np.zeros((len(vectors), count))
    for number in range(FOLDS):
        weights = _fit(vectors[fold != number], wanted[fold != number], count)
        rest = vectors[fold == number]
        likely[fold == number] = _softmax(np.hstack([rest, np.ones((len(rest), 1))]) @ weights)
    is_right, highest = likely.argmax(axis=1) == wanted, likely.max(axis=1)
    sure = next((t for t in _THRESHOLDS if is_right[highest >= t].mean() >= _SURE), 1.0)
    return Learnt(float(is_right.mean()), sure, float((highest >= sure).mean()))


def _write(
    topics: list[str], known: list[tuple[str, str]], weights: Matrix, learnt: Learnt
) -> None:
    packed = weights.astype("<f4")
    kept = {
        "version": version_of(known),
        "model": embedding.model(),
        "seeds": len(known),
        "accuracy": round(learnt.accuracy, 3),
        "share_sure": round(learnt.share_sure, 3),
        "sure": learnt.sure,
        "biases": [round(float(bias), 6) for bias in packed[-1]],
        "weights": {
            topic: base64.b64encode(packed[:-1, column].tobytes()).decode()
            for column, topic in enumerate(topics)
        },
    }
    head.FILE.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2) + b"\n")
    head.head.cache_clear()
