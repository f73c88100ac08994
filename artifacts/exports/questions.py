"""What the formats for learning platforms share about the questions of a quiz."""

from typing import Any

Question = dict[str, Any]


def pairs_of(question: Question) -> list[tuple[str, str]]:
    """Return what belongs together; an order becomes places and what stands there."""
    if question["type"] == "order":
        return [(str(place), text) for place, text in enumerate(question["items"], 1)]
    return [(pair["left"], pair["right"]) for pair in question["pairs"]]


def fractions(question: Question) -> list[float]:
    """Return for each option of a choice what it is worth, in percent.

    The correct ones share 100, the wrong ones take 100 in all where several are correct,
    so that ticking everything is worth nothing.
    """
    flags = [option["correct"] for option in question["options"]]
    right, wrong = flags.count(True), flags.count(False)
    penalty = -100 / wrong if right > 1 and wrong else 0.0
    return [round(100 / right if flag else penalty, 5) for flag in flags]
