"""Kinds of material below the four types; a new one is a file beside these and a line here."""

from artifacts.kinds import (
    differentiated,
    escape_room,
    exam,
    game,
    help_cards,
    lesson_plan,
    mystery,
    parent_letter,
    quiz,
    role_play,
    rubric,
    worksheet,
)
from artifacts.kinds.base import Kind

KINDS: dict[str, Kind] = {
    each.KIND.name: each.KIND
    for each in (
        lesson_plan, worksheet, exam, differentiated, help_cards, parent_letter, rubric, game,
        escape_room, mystery, role_play, quiz,
    )
}  # fmt: skip
TEXT = "text"  # no kind: Markdown as somebody wrote it
