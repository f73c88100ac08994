"""Lines of a chart, as paths of an SVG: drawn here once, for the page and for its refreshing."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 240, 48  # units of the picture, which is as wide as its tile
MARGIN = 2  # half a line is cut off at the edge otherwise

Points = Sequence[float | None]  # None: nobody measured


@dataclass(frozen=True, slots=True)
class Step:
    """Which part of the past a chart shows: `steps` of `minutes` each."""

    minutes: int
    steps: int


RANGES = {"1h": Step(1, 60), "24h": Step(15, 96)}


def path(points: Points, highest: float) -> str:
    """Return the line through `points`; it has gaps where nobody measured."""
    parts, is_down = [], False
    width = WIDTH / max(1, len(points) - 1)
    for number, value in enumerate(points):
        if value is not None:
            x, y = number * width, height_of(value, highest)
            # A point without neighbours is a dot: a line of no length with round ends.
            parts.append(f"L{x:.1f} {y:.1f}" if is_down else f"M{x:.1f} {y:.1f}h0")
        is_down = value is not None
    return "".join(parts)


def height_of(value: float, highest: float) -> float:
    """Return how far below the upper edge a value lies."""
    share = min(1.0, value / highest) if highest else 0.0
    return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)


def highest_of(*lines: Points) -> float:
    """Return the highest value of several lines; 0 where there is none."""
    return max((value for points in lines for value in points if value is not None), default=0.0)
