"""From a conversation to one complete request: what to draft, in which language, with what."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chats.providers.base import Prompt, TeacherProfile
from chats.providers.template.kinds import Kind, Style
from chats.providers.template.language import Language, detect_language, wanted_language
from chats.providers.template.slots import SCANNED_EARLIER, Slots, inline, read_slots, scanned
from chats.providers.template.subjects import subject_name
from chats.providers.template.topic import bare_topic, refers_back

REMEMBERED_TURNS = 10
FOLLOW_UP_LENGTH = 300
MINUTES = range(5, 601)
POINTS = range(15, 201)
TASKS = range(3, 11)
DEFAULT_MINUTES = 45
DEFAULT_POINTS = 20

_CONCISE = re.compile(
    r"\b(?:kürzer|knapper|gekürzt|shorter|briefer|more concise|more brief)", re.IGNORECASE
)
_QUESTION = re.compile(
    r"\W*(?:was|wer|wie|warum|wieso|wann|wo|welche\w?|what|who|why|how|when|where|which)\b",
    re.IGNORECASE,
)
_WANTS_FACTS = re.compile(rf"^{_QUESTION.pattern}|\?|\b(?:erklär|explain)", re.IGNORECASE)
_HURRY = re.compile(
    r"\b(?:schnell|eilig|sofort|dringend|in eile|keine zeit"
    r"|quick(?:ly)?|urgent(?:ly)?|hurry|asap)\b",
    re.IGNORECASE,
)
_BARE_LEVEL = re.compile(r"\d{1,2}[a-h]?(?: ?[-–/] ?\d{1,2}[a-h]?)?", re.IGNORECASE)
_LEVEL_WORD = re.compile(r"(?:klasse|class|grade)\b(?= \d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An amount outside the bounds: what was asked, and what is used instead."""

    slot: str
    asked: int
    used: int


@dataclass(frozen=True, slots=True)
class Request:
    """Everything a document needs. Texts are safe for one line of Markdown; None is unknown."""

    kind: Kind | None
    style: Style | None
    language: Language
    subject: str | None
    grade: str | None
    topic: str | None
    minutes: int
    points: int
    tasks: int
    concise: bool = False
    minutes_given: bool = False
    refusals: tuple[Refusal, ...] = ()
    asks_back: bool = False  # a topic, but not what to make of it


def read_request(prompt: Prompt) -> Request:
    """Return what the last user message asks for, completed from earlier turns and the profile."""
    turns = [message.content for message in prompt.messages if message.role == "user"]
    last = turns[-1] if turns else ""
    earlier = [turn[:SCANNED_EARLIER] for turn in turns[-1 - REMEMBERED_TURNS : -1][::-1]]
    own = read_slots(last)
    language = _language(last, earlier, prompt.profile, goes_on=own.kind is None)
    slots = _with_earlier(last, own, [read_slots(turn) for turn in earlier])
    asks_back = slots.kind is None and slots.topic is not None and not _WANTS_FACTS.search(last)
    if asks_back and _HURRY.search(scanned(last)):
        slots, asks_back = replace(slots, kind="lesson_plan"), False
    is_concise = bool(_CONCISE.search(scanned(last)))
    request = _complete(slots, language, prompt.profile, concise=is_concise)
    return replace(request, asks_back=asks_back and request.topic is not None)


def _with_earlier(last: str, own: Slots, before: Sequence[Slots]) -> Slots:
    """Fill what the last message leaves open from the earlier turns, the newest first.

    A new kind or a follow-up keeps the conversation's topic; a message that is
    neither ("Danke!") stands alone.
    """
    slots = own if own.kind else _follow_up(last, own, before)
    if slots.kind is None:
        return slots
    is_new_topic = own.kind is not None and own.topic is not None
    for older in before:
        # Another topic may belong to another subject.
        keeps_subject = not (is_new_topic and older.topic)
        slots = _filled(slots, older if keeps_subject else replace(older, subject=None))
    return slots


def _follow_up(last: str, slots: Slots, before: Sequence[Slots]) -> Slots:
    """Give a message without a kind the kind of the newest turn that has one, if it goes on."""
    previous = next((older for older in before if older.kind), None)
    if previous is None or len(last) > FOLLOW_UP_LENGTH or _QUESTION.match(last):
        return slots
    goes_on = refers_back(last) or slots != Slots()
    if slots.topic is None and all(older.topic is None for older in before):
        slots = replace(slots, topic=bare_topic(scanned(last)))
    if goes_on or slots.topic:
        return replace(slots, kind=previous.kind, style=previous.style)
    return slots


def _filled(slots: Slots, older: Slots) -> Slots:
    same_kind = slots.kind == older.kind
    return replace(
        slots,
        topic=slots.topic or older.topic,
        grade=slots.grade or older.grade,
        subject=slots.subject or older.subject,
        minutes=older.minutes if same_kind and slots.minutes is None else slots.minutes,
        points=older.points if same_kind and slots.points is None else slots.points,
        tasks=older.tasks if same_kind and slots.tasks is None else slots.tasks,
    )


def _language(
    last: str, earlier: Sequence[str], profile: TeacherProfile, *, goes_on: bool
) -> Language:
    """Return the language asked for, else the one written, else the profile's.

    A wish ("auf Englisch") holds for the turns that go on from it.
    """
    texts = [scanned(text) for text in (last, *earlier)]
    wished = (wanted_language(text) for text in (texts if goes_on else texts[:1]))
    written = (detect_language(text) for text in texts)
    said = next((language for language in (*wished, *written) if language), None)
    return said or ("en" if profile.language.lower().startswith("en") else "de")


def _complete(
    slots: Slots, language: Language, profile: TeacherProfile, *, concise: bool
) -> Request:
    minutes, no_minutes = _bounded("minutes", slots.minutes, MINUTES, DEFAULT_MINUTES)
    points, no_points = _bounded("points", slots.points, POINTS, DEFAULT_POINTS)
    tasks, no_tasks = _bounded("tasks", slots.tasks, TASKS, 3 if concise else 5)
    return Request(
        kind=slots.kind,
        style=slots.style,
        language=language,
        subject=_subject(slots, language, profile),
        grade=_grade(slots.grade or profile.grade_level, language),
        topic=(inline(slots.topic) or None) if slots.topic else None,
        minutes=minutes,
        points=points,
        tasks=tasks,
        concise=concise,
        minutes_given=slots.minutes is not None,
        refusals=tuple(refusal for refusal in (no_minutes, no_points, no_tasks) if refusal),
    )


def _bounded(
    slot: str, asked: int | None, bounds: range, default: int
) -> tuple[int, Refusal | None]:
    if asked is None or asked in bounds:
        return (default if asked is None else asked), None
    return default, Refusal(slot, asked, default)


def _subject(slots: Slots, language: Language, profile: TeacherProfile) -> str | None:
    """One subject as asked for; else the profile's, of which the teacher picks one."""
    words = (slots.subject,) if slots.subject else profile.subject_areas[:3]
    names = [subject_name(word, language) for word in words if word and word.strip()]
    return inline((" oder " if language == "de" else " or ").join(names)) or None


def _grade(label: str | None, language: Language) -> str | None:
    """Return "Klasse 8" or "Class 8" for a bare number; other labels stay as they are."""
    if not label or not label.strip():
        return None
    text = label.strip()
    word = "Klasse" if language == "de" else "Class"
    if _BARE_LEVEL.fullmatch(text):
        return f"{word} {text}"
    if language == "de" or text.lower().startswith("klasse"):
        text = _LEVEL_WORD.sub(word, text)
    return inline(text)
