"""What one message says about grade, subject, topic and amounts.

Every pattern is linear: no quantifier stands inside another, and only the first
`SCANNED` characters are read, so that a pasted book costs no more than a sentence.
"""

import re
import unicodedata
from dataclasses import dataclass

from chats.providers.template.kinds import Kind, Span, Style, find_kind, find_style
from chats.providers.template.subjects import find_subject
from chats.providers.template.topic import MASK, find_quoted_topic, find_topic, refers_back

SCANNED = 4_000
SCANNED_EARLIER = 1_000
SLOT_LENGTH = 120

_FLAGS = re.IGNORECASE
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_BLANKS = re.compile(r"[^\S\n]+")
_MARKDOWN = re.compile(r"([\\*_\[\]<])")


@dataclass(frozen=True, slots=True)
class Slots:
    """What one message says; None where it says nothing. Texts are not yet safe to print."""

    kind: Kind | None = None
    style: Style | None = None
    subject: str | None = None
    grade: str | None = None
    topic: str | None = None
    minutes: int | None = None
    points: int | None = None
    tasks: int | None = None


def inline(text: str) -> str:
    """Return `text` for one Markdown line or table cell: one line, at most 120 characters.

    Pipes, backticks and control characters become spaces; Markdown and HTML signs
    are escaped, so that they appear as typed.
    """
    clean = "".join(" " if c in "|`" or unicodedata.category(c) in _UNSAFE else c for c in text)
    flat = " ".join(clean.translate(_BIDI_CONTROLS).split())
    if len(flat) > SLOT_LENGTH:
        flat = flat[: SLOT_LENGTH - 1].rstrip() + "…"
    return _MARKDOWN.sub(r"\\\1", flat)


def scanned(message: str) -> str:
    """Return the part of a message that is read, in composed form, without NULs."""
    composed = unicodedata.normalize("NFC", message[:SCANNED]).replace(MASK, " ")
    return _BLANKS.sub(" ", composed)


def read_slots(message: str) -> Slots:
    """Return what `message` says. Never raises, whatever is in it."""
    text = scanned(message)
    topic, quoted = find_quoted_topic(text)
    text = mask(text, quoted)
    grade, grade_spans = find_grade(text)
    amounts = {name: _find_amount(_AMOUNTS[name], text) for name in _AMOUNTS}
    subject, subject_spans = find_subject(text)
    values = {name: value for name, (value, _) in amounts.items()}
    has_slot = bool(topic or grade or subject or values["minutes"])
    kind, kind_spans = find_kind(text, has_slot=has_slot)
    if topic is None:
        spans = grade_spans + subject_spans + kind_spans
        spans += [span for _, found in amounts.values() for span in found]
        residual = kind is not None and not refers_back(text)
        topic = find_topic(mask(text, spans), residual=residual)
    return Slots(kind, find_style(kind, text), subject, grade, topic, **values)


def mask(text: str, spans: list[Span]) -> str:
    """Return `text` with the spans blanked out; positions stay."""
    for start, end in spans:
        text = text[:start] + MASK * (end - start) + text[end:]
    return text


_N = r"(?:1[0-3]|[1-9])"
_LEVELS = rf"{_N}[a-h]?(?: ?[-–/] ?{_N}[a-h]?)?(?!\w)"
_CLASS = r"(?:klassen?(?:stufen?)?|kl\.|jahrg[aä]ng(?:sstufen?|e)?|jg\.?|schulstufe|klässler\w*)"
_YEARS = r"(?:lehrjahr|ausbildungsjahr)"
_GERMAN_ORDINALS = (
    *("erst", "zweit", "dritt", "viert", "fünft", "sechst", "siebt", "acht", "neunt", "zehnt"),
    *("elft", "zwölft", "dreizehnt"),
)
_ENGLISH_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth"),
)
# "7b" is a class unless it is a task, a page or three-dimensional.
_NO_CLASS = "".join(
    f"(?<!{word} )" for word in ("aufgabe", "teil", "nr.", "seite", "task", "part", "page", "no.")
)
_GRADES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (label, re.compile(pattern, _FLAGS))
    for label, pattern in (
        ("Klasse {}", rf"(?<!\d)({_N})\.? ?[-–/] ?{_N}\. ?{_CLASS}\b"),
        ("{}. Ausbildungsjahr", rf"(?<!\d)({_N})\. ?{_YEARS}\b"),
        ("Klasse {}", rf"(?<!\d)({_N})\.[ -]?{_CLASS}\b"),
        ("Klasse {}", rf"\b({'|'.join(_GERMAN_ORDINALS)})e[nr]? {_CLASS}\b"),
        ("Klasse {}", rf"\b{_CLASS}:? ?({_LEVELS})"),
        ("Class {}", rf"\bclass:? ?({_LEVELS})"),
        ("Grade {}", rf"\bgrades?:? ?({_LEVELS})"),
        ("Year {}", rf"\b(?:year|yr)s?:? ?({_LEVELS})"),
        ("Grade {}", rf"(?<!\d)({_N})(?:st|nd|rd|th)[ -]grade(?:rs?)?\b"),
        ("Year {}", rf"(?<!\d)({_N})(?:st|nd|rd|th)[ -]years?\b"),
        ("Grade {}", rf"\b({'|'.join(_ENGLISH_ORDINALS)})[ -]grade(?:rs?)?\b"),
        ("{}", r"\b(key stage [1-5]|ks[1-5]|gcse|a[- ]levels?|sixth form)\b"),
        ("{}", r"\b(oberstufe|mittelstufe|sekundarstufe (?:II?|[12])|sek\.? (?:II?|[12]))\b"),
        ("{}", r"\b((?-i:Q[1-4]|EF))\b"),
        ("Klasse {}", rf"(?<![\w-]){_NO_CLASS}(?!3d\b)({_N}[a-h])(?![\w-])"),
    )
)


def find_grade(text: str) -> tuple[str | None, list[Span]]:
    """Return the grade as a label ("Klasse 8a", "Year 7") and the spans that name it."""
    for label, pattern in _GRADES:
        if match := pattern.search(text):
            return label.format(_level(match.group(1))), [match.span()]
    return None, []


def _level(found: str) -> str:
    lower = found.lower()
    for ordinals in (_GERMAN_ORDINALS, _ENGLISH_ORDINALS):
        if lower in ordinals:
            return str(ordinals.index(lower) + 1)
    return found


_COUNTS = {
    **dict.fromkeys(("ein", "eine", "einer", "one", "an"), 1),
    **dict.fromkeys(("zwei", "two"), 2),
    **dict.fromkeys(("drei", "three"), 3),
    **dict.fromkeys(("vier", "four"), 4),
    **dict.fromkeys(("fünf", "five"), 5),
    **dict.fromkeys(("sechs", "six"), 6),
    **dict.fromkeys(("sieben", "seven"), 7),
    **dict.fromkeys(("acht", "eight"), 8),
    **dict.fromkeys(("neun", "nine"), 9),
    **dict.fromkeys(("zehn", "ten"), 10),
}
_COUNT = rf"(?<![\w.,])(\d{{1,18}}(?:[.,]5)?|{'|'.join(_COUNTS)})"
Unit = tuple[re.Pattern[str], float]


def _unit(pattern: str, each: float) -> Unit:
    return re.compile(pattern, _FLAGS), each


# A lesson is 45 minutes; "Stunden" in a teacher's mouth are lessons, "hours" are not.
_AMOUNTS: dict[str, tuple[Unit, ...]] = {
    "minutes": (
        _unit(rf"\b(?:insgesamt|gesamt\w{{0,10}}|total):? {_COUNT} ?-?min\w*", 1),
        _unit(rf"{_COUNT}[ -]?(?:min(?:ut\w*|üt\w*|s)?(?!\w))", 1),
        _unit(rf"{_COUNT} doppelstunden\b", 90),
        _unit(r"\b()(?:doppel(?:stunde\b|stündig\w*)|double (?:lesson|period)\b)", 90),
        _unit(r"\b()(?:einzelstunde\b|single (?:lesson|period)\b|dreiviertelstunde\b)", 45),
        _unit(r"\b()(?:(?:anderthalb|eineinhalb) stunden|(?:an |one )?hour and a half)\b", 90),
        _unit(r"\b()(?:halben? stunde|half an hour|half[- ]hour)\b", 30),
        _unit(rf"{_COUNT}[ -]?(?:zeitstunden?|hours?|hrs?)\b", 60),
        _unit(rf"{_COUNT} (?:unterrichtsstunden?|schulstunden?|stunden|lessons)\b", 45),
    ),
    "points": (_unit(rf"(?<!je ){_COUNT}[ -]?(?:punkten?|points?|marks?|(?-i:BE)|pts)\b", 1),),
    "tasks": (_unit(rf"{_COUNT} (?:aufgaben|fragen|tasks|questions|exercises|problems)\b", 1),),
}


def _find_amount(units: tuple[Unit, ...], text: str) -> tuple[int | None, list[Span]]:
    for pattern, each in units:
        if matches := list(pattern.finditer(text)):
            amount = int(_number(matches[0].group(1)) * each)
            return amount, [match.span() for match in matches]
    return None, []


def _number(found: str) -> float:
    if found == "":
        return 1
    return _COUNTS.get(found.lower()) or float(found.replace(",", "."))
