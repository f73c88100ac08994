"""Ranks what could be recommended: pure, the same for the same input, and nobody's rows.

A score is a sum of parts, each a weight times how well it fits (0 to 1):

    likeness   0.60  what it is about, and what the chat (or the last chats) is about
    profile    0.22  a subject the teacher has (0.14), and the grade (0.08)
    season     0.14  it is made for this season; one of another season loses as much
    topic      0.12  the kind of work the chat is about: assessment, letters to parents, …
    language   0.06  it is in the teacher's language
    shared     0.08  a colleague thought of this teacher

The part that gives most is its reason. What a teacher has opened already comes last. What
fits alike stays in the order in which it came. In a chat, what is about something else is
left out, unless nothing else is there: three that fit are more than six of which three do not.
"""

import uuid
from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from eduhu import embedding

OWN, SHARED, STARTER = "own", "shared", "starter"
LIKENESS, SUBJECT, GRADE, SEASON, TOPIC, LANGUAGE, SHARE = 0.60, 0.14, 0.08, 0.14, 0.12, 0.06, 0.08
UNLIKE, LIKE = 0.18, 0.55  # cosines: of nine in ten wrong pairs less, of most right ones about
TELLING = 0.04  # a part that gives no more is no reason: the next grade is not one's own
NEARLY = 0.5  # how well the next grade fits

# The work that chats are about (`chats/topics.py`), and the kinds that help with it.
KINDS_OF_TOPIC = {
    "lesson_planning": {"lesson_plan"},
    "curriculum": {"lesson_plan"},
    "assessment": {"exam", "rubric", "quiz"},
    "worksheets": {"worksheet", "quiz", "differentiated"},
    "differentiation": {"differentiated", "help_cards"},
    "special_needs": {"help_cards", "differentiated"},
    "parent_communication": {"parent_letter"},
}


@dataclass(frozen=True, slots=True)
class Item:
    """Something that the teacher may read, and could be pointed to."""

    id: str
    item_id: uuid.UUID  # under which it is marked
    source: str
    title: str
    kind: str
    artifact_type: str
    subject: str | None = None
    grade: str | None = None
    language: str | None = None
    subject_key: str = ""  # the same for all words for a subject
    grades: frozenset[int] = frozenset()
    topics: Collection[str] = ()
    seasons: Collection[str] = ()
    vector: "array[float] | None" = None
    owner_name: str = ""
    is_opened: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """For whom and for what is ranked."""

    language: str
    is_chat: bool = False  # else the vector is of the last chats
    vector: "array[float] | None" = None
    topic: str | None = None
    subjects: frozenset[str] = frozenset()
    grades: frozenset[int] = frozenset()
    seasons: frozenset[str] = frozenset()
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """An item, how well it fits, and which part of that is the reason."""

    item: Item
    score: float
    reason: str
    is_beside: bool = False  # about something else than the chat


def rank(items: Iterable[Item], context: Context, limit: int) -> list[Ranked]:
    """Return the best, at most `limit`, of which at most half, rounded up, are own ones."""
    ranked = sorted((_ranked(item, context) for item in items), key=_order)
    ranked = [each for each in ranked if not each.is_beside] or ranked
    own = limit - limit // 2
    found: list[Ranked] = []
    for each in ranked:
        if each.item.source == OWN:
            own -= 1
        if len(found) < limit and (each.item.source != OWN or own >= 0):
            found.append(each)
    return found


def _order(each: Ranked) -> tuple[bool, float]:
    return each.item.is_opened, -each.score


def _ranked(item: Item, context: Context) -> Ranked:
    parts = {
        "fits_chat" if context.is_chat else "fits_recent": LIKENESS * _likeness(item, context),
        "profile": _profile(item, context),
        "season": SEASON * _season(item, context),
        "topic": TOPIC * _topic(item, context),
        "language": LANGUAGE * (item.language == context.language),
        "shared": SHARE * (item.source == SHARED),
    }
    telling = {name: value for name, value in parts.items() if name not in {"language", "shared"}}
    reason = max(telling, key=telling.__getitem__)
    return Ranked(
        item,
        round(sum(parts.values()), 4),
        reason if telling[reason] > TELLING else item.source,
        is_beside=_is_known(item, context) and parts.get("fits_chat") == 0,
    )


def _is_known(item: Item, context: Context) -> bool:
    return item.vector is not None and context.vector is not None


def _likeness(item: Item, context: Context) -> float:
    if item.vector is None or context.vector is None:
        return 0.0
    near = embedding.cosine(item.vector, context.vector)
    return min(1.0, max(0.0, (near - UNLIKE) / (LIKE - UNLIKE)))


def _profile(item: Item, context: Context) -> float:
    """Own material is for own classes anyway: that is no merit."""
    if item.source == OWN:
        return 0.0
    return SUBJECT * (item.subject_key in context.subjects) + GRADE * _grade(item, context)


def _grade(item: Item, context: Context) -> float:
    if not item.grades or not context.grades:
        return 0.0
    apart = min(abs(one - other) for one in item.grades for other in context.grades)
    return {0: 1.0, 1: NEARLY}.get(apart, 0.0)


def _season(item: Item, context: Context) -> float:
    if not item.seasons:
        return 0.0
    return 1.0 if context.seasons.intersection(item.seasons) else -1.0


def _topic(item: Item, context: Context) -> float:
    if context.topic is None:
        return 0.0
    fits = context.topic in item.topics
    return float(fits or item.kind in KINDS_OF_TOPIC.get(context.topic, ()))
