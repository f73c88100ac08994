"""Documents from templates: everything adds up, and every gap is a visible placeholder.

They invent no facts of a subject: what only a teacher can know stands in brackets.
"""

from collections.abc import Callable

from artifacts.generation import draft_activities, draft_sheets
from artifacts.generation.wishes import Wish
from artifacts.generation.words import Words
from artifacts.kinds import KINDS
from artifacts.kinds.base import Document


def draft(wish: Wish) -> Document:
    """Return a document as wished; the same wish always gives the same one."""
    kind = KINDS[wish.kind]
    known = {"subject": wish.subject, "grade": wish.grade}
    return {
        "kind": kind.name,
        "version": kind.version,
        "language": wish.language,
        "topic": wish.topic,
        **{name: value for name, value in known.items() if value},
        **_DRAFTS[wish.kind](wish, Words(wish)),
    }


_DRAFTS: dict[str, Callable[[Wish, Words], Document]] = {
    "lesson_plan": draft_sheets.lesson_plan,
    "worksheet": draft_sheets.worksheet,
    "exam": draft_sheets.exam,
    "differentiated": draft_sheets.differentiated,
    "help_cards": draft_sheets.help_cards,
    "parent_letter": draft_sheets.parent_letter,
    "rubric": draft_sheets.rubric,
    "game": draft_activities.game,
    "escape_room": draft_activities.escape_room,
    "mystery": draft_activities.mystery,
    "role_play": draft_activities.role_play,
    "quiz": draft_activities.quiz,
}
