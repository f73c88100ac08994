"""Whole shares that add up: minutes of phases, points of tasks."""

from collections.abc import Sequence

FIVES_FROM = 45


def share(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` by `weights` into whole parts of at least 1 that sum to exactly `total`.

    Raises ValueError where `total` cannot give every part its 1.
    """
    if total < len(weights):
        raise ValueError(f"{total} cannot be split into {len(weights)} parts")
    whole = sum(weights)
    parts = [max(1, total * weight // whole) for weight in weights]

    def lack(index: int) -> int:
        return total * weights[index] - parts[index] * whole

    while sum(parts) < total:
        parts[max(range(len(parts)), key=lack)] += 1
    while sum(parts) > total:
        parts[min((i for i, part in enumerate(parts) if part > 1), key=lack)] -= 1
    return parts


def share_minutes(minutes: int, weights: Sequence[int]) -> list[int]:
    """Split like `share`, from 45 minutes on in steps of five, as lessons are planned.

    The odd minutes go to the heaviest part.
    """
    if minutes < FIVES_FROM or minutes // 5 < len(weights):
        return share(minutes, weights)
    parts = [5 * part for part in share(minutes // 5, weights)]
    parts[max(range(len(weights)), key=weights.__getitem__)] += minutes % 5
    return parts


def point_bands(total: int, percents: Sequence[int]) -> list[tuple[int, int]]:
    """Return (lowest, highest) points of each grade, best first, down to 0.

    `percents` are the lower bounds of all grades but the last, falling.
    """
    lows = [-(-total * percent // 100) for percent in percents] + [0]
    highs = [total] + [low - 1 for low in lows[:-1]]
    return list(zip(lows, highs, strict=True))
