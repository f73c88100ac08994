"""Logistic regression in plain Python, and how good one is: small enough to be read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

STEPS = 25
STRENGTH = 1.0  # of the pull towards zero
TINY = 1e-9

Row = Sequence[float]


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fitted model: standardised features, their weights, and an intercept."""

    features: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    def effects(self, row: Row) -> dict[str, float]:
        """Return what each feature adds to the log-odds, against an average row."""
        return {
            name: weight * (value - mean) / scale
            for name, value, mean, scale, weight in zip(
                self.features, row, self.means, self.scales, self.weights, strict=True
            )
        }

    def probability(self, row: Row) -> float:
        """Return the probability of a row."""
        return sigmoid(self.intercept + sum(self.effects(row).values()))

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        columns = zip(self.features, self.weights, self.means, self.scales, strict=True)
        named = ("name", "weight", "mean", "scale")
        features = [dict(zip(named, column, strict=True)) for column in columns]
        return {"intercept": self.intercept, "features": features}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Logistic":
        """Return a stored model. Raises KeyError or TypeError for anything else."""
        names, means, scales, weights = (
            tuple(each[key] for each in stored["features"])
            for key in ("name", "mean", "scale", "weight")
        )
        return cls(names, means, scales, weights, float(stored["intercept"]))


def fit(features: tuple[str, ...], rows: Sequence[Row], labels: Sequence[bool]) -> Logistic:
    """Fit by Newton's method, with a pull towards zero on all weights but the intercept."""
    means = tuple(sum(column) / len(rows) for column in zip(*rows, strict=True))
    scales = tuple(
        math.sqrt(sum((value - mean) ** 2 for value in column) / len(rows)) or 1.0
        for column, mean in zip(zip(*rows, strict=True), means, strict=True)
    )
    standard = [
        [1.0, *((v - m) / s for v, m, s in zip(row, means, scales, strict=True))] for row in rows
    ]
    weights = [0.0] * (len(features) + 1)
    for _step in range(STEPS):
        change = _newton_step(standard, labels, weights)
        weights = [weight + each for weight, each in zip(weights, change, strict=True)]
        if max(map(abs, change)) < TINY:
            break
    return Logistic(features, means, scales, tuple(weights[1:]), weights[0])


def _newton_step(
    rows: Sequence[Row], labels: Sequence[bool], weights: Sequence[float]
) -> list[float]:
    size = len(weights)
    pull = [0.0] + [STRENGTH] * (size - 1)
    gradient = [-p * w for p, w in zip(pull, weights, strict=True)]
    curvature = [[pull[i] if i == j else 0.0 for j in range(size)] for i in range(size)]
    for row, label in zip(rows, labels, strict=True):
        guess = sigmoid(sum(w * v for w, v in zip(weights, row, strict=True)))
        error, spread = label - guess, guess * (1 - guess)
        for i, value in enumerate(row):
            gradient[i] += error * value
            scaled, line = spread * value, curvature[i]
            for j in range(i + 1):
                line[j] += scaled * row[j]
    for i in range(size):
        for j in range(i):
            curvature[j][i] = curvature[i][j]
    return _solve(curvature, gradient)


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve a system of equations by elimination; the matrix is positive definite."""
    size = len(right)
    table = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for column in range(size):
        for below in range(column + 1, size):
            factor = table[below][column] / table[column][column]
            for k in range(column, size + 1):
                table[below][k] -= factor * table[column][k]
    found = [0.0] * size
    for i in reversed(range(size)):
        known = sum(table[i][j] * found[j] for j in range(i + 1, size))
        found[i] = (table[i][size] - known) / table[i][i]
    return found


def sigmoid(value: float) -> float:
    """Return the probability of some log-odds."""
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    grown = math.exp(value)
    return grown / (1 + grown)


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Return how often a used one is ranked above an unused one; ties count half."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    ranks, start = [0.0] * len(scores), 0
    while start < len(order):
        end = start
        while end < len(order) and scores[order[end]] == scores[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = (start + end + 1) / 2
        start = end
    used = sum(labels)
    unused = len(labels) - used
    total = sum(rank for rank, label in zip(ranks, labels, strict=True) if label)
    return (total - used * (used + 1) / 2) / (used * unused)


def log_loss(guesses: Sequence[float], labels: Sequence[bool]) -> float:
    """Return the mean surprise; the lower, the better."""
    return -sum(
        math.log(max(TINY, guess if label else 1 - guess))
        for guess, label in zip(guesses, labels, strict=True)
    ) / len(labels)
