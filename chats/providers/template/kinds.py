"""Which document a message asks for, in German or English.

A strong cue names a document ("Arbeitsblatt"). A weak one may also be part of a
topic ("Spiel", "lesson"), so it counts only where no strong cue stands.
"""

import re
from typing import Literal

Kind = Literal["lesson_plan", "worksheet", "rubric", "activity", "parent_letter"]
Style = Literal["exam", "quiz", "roleplay", "group"]
Span = tuple[int, int]

_FLAGS = re.IGNORECASE

_STRONG: dict[Kind, re.Pattern[str]] = {
    "lesson_plan": re.compile(
        r"unterrichts(?:entw[uü]rf|plan|vorbereitung|verlauf)\w*"
        r"|stunden(?:entw[uü]rf|verlauf|planung|konzept)\w*|\bverlaufspl[aä]n\w*"
        r"|\blesson[ -]?(?:plan\w*|outlines?)",
        _FLAGS,
    ),
    "worksheet": re.compile(
        r"(?:arbeits|übungs|aufgaben)(?:bl[aä]tt\w*)|(?:klassen|mathe|deutsch|englisch)arbeit\w*|\b\w{0,20}klausur\w*"
        r"|lernkontrolle\w*|schulaufgabe\w*|\bwork[ -]?sheets?\b|\bexams?\b|\bclass tests?\b"
        r"|\bhand-?outs?\b",
        _FLAGS,
    ),
    "rubric": re.compile(
        r"(?:bewertungs|beurteilungs|kriterien)(?:raster|b[oö]gen|kriterien|matrix|schema)\w*"
        r"|\berwartungshorizont\w*|\bnotenschlüssel\w*|\brubrics?\b"
        r"|\b(?:mark|marking|grading|assessment) (?:schemes?|grids?|keys?|criteria)\b",
        _FLAGS,
    ),
    "parent_letter": re.compile(
        r"\beltern(?:brief|mitteilung|information|schreiben)\w*"
        r"|\b(?:brief|schreiben|mitteilung|einladung) an (?:die |alle )?(?:eltern|erziehungsber)\w*"
        r"|\bparent(?:s|s'|'s|al)? letters?\b|\b(?:letter|note)s? home\b"
        r"|\b(?:letter|note)s? (?:to|for) (?:the |all |my |our )?(?:parent|carer|famil|guard)\w*",
        _FLAGS,
    ),
    "activity": re.compile(
        r"\b(?:lern|kennenlern|karten|brett|rollen|plan|rate)spiel\w*|\bescape[ -]?room\w*"
        r"|\b\w{0,20}quiz\w*|\bgruppenpuzzle\w*|\bstationenlernen\b|\baktivität\w*|\benergi[sz]er\b"
        r"|\bwarm-?ups?\b|\bactivit(?:y|ies)\b|\bgames?\b|\brole[ -]?plays?\b|\bice-?breakers?\b",
        _FLAGS,
    ),
}
_WEAK: dict[Kind, re.Pattern[str]] = {
    "lesson_plan": re.compile(
        r"(?:stunden?|unterricht|\blessons?)\b",
        _FLAGS,
    ),
    "worksheet": re.compile(r"\b(?:aufgaben|übungen|tests?|exercises|tasks)\b", _FLAGS),
    "rubric": re.compile(r"\b(?:bewertung|grading|marking|assessment)\b", _FLAGS),
    "parent_letter": re.compile(r"\b(?:brief|einladung|letter|invitation)\b", _FLAGS),
    "activity": re.compile(
        r"\b(?:spiele?|gruppenarbeit|partnerarbeit|debatte|diskussion|group ?work|pair ?work"
        r"|debate|discussion)\b",
        _FLAGS,
    ),
}
_WISH = re.compile(
    r"erstell|\bmach|schreib|\bplan|entw[iu]rf|entwerf|brauch|bereit|\bgib\b|generier|hätte|möchte"
    r"|create|make|write|need|prepare|design|draft|\bgive\b|would like|want",
    _FLAGS,
)
_STYLES: tuple[tuple[Kind, Style, re.Pattern[str]], ...] = (
    (
        "worksheet",
        "exam",
        re.compile(
            r"(?:klassen|mathe|deutsch|englisch)arbeit|klausur|kontrolle|schulaufgabe|\btests?\b|\bexam",
            _FLAGS,
        ),
    ),
    ("activity", "roleplay", re.compile(r"rollenspiel|planspiel|role[ -]?play|debat", _FLAGS)),
    ("activity", "quiz", re.compile(r"quiz|spiel|game|escape|warm-?up|energi[sz]er", _FLAGS)),
)
_TOPIC_CUE = re.compile(
    r"\b(?:thema|topic|über|about|on|of|zu|zum|zur)\b:?\s+(?:(?:die|der|das|den|the|an?)\s+)?$",
    _FLAGS,
)


def follows_topic_cue(text: str, start: int) -> bool:
    """Whether the word at `start` is the first of a topic ("zum Thema Geschichte …")."""
    return _TOPIC_CUE.search(text[max(0, start - 30) : start]) is not None


def find_kind(text: str, *, has_slot: bool) -> tuple[Kind | None, list[Span]]:
    """Return the kind asked for, and every span of the message that names it.

    A weak cue needs company: a wish ("erstelle", "make") or another slot.
    """
    found = _first(_STRONG, text)
    if found is None and (has_slot or _WISH.search(text)):
        found = _first(_WEAK, text)
    if found is None:
        return None, []
    return found, _all_strong(text) + _spans(_WEAK[found], text)


def find_style(kind: Kind | None, text: str) -> Style | None:
    """Return the special form of a worksheet or an activity, where the words name one."""
    for style_kind, style, pattern in _STYLES:
        if kind == style_kind and pattern.search(text):
            return style
    return "group" if kind == "activity" else None


def _first(cues: dict[Kind, re.Pattern[str]], text: str) -> Kind | None:
    starts = {kind: _spans(pattern, text) for kind, pattern in cues.items()}
    named = [(spans[0], kind) for kind, spans in starts.items() if spans]
    return min(named)[1] if named else None


def _all_strong(text: str) -> list[Span]:
    return [span for pattern in _STRONG.values() for span in _spans(pattern, text)]


def _spans(pattern: re.Pattern[str], text: str) -> list[Span]:
    matches = (match.span() for match in pattern.finditer(text))
    return [span for span in matches if not follows_topic_cue(text, span[0])]
