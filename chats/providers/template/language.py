"""German or English? A count of everyday words is enough for a teacher's request."""

import re
from typing import Literal

Language = Literal["de", "en"]


def word_set(text: str) -> frozenset[str]:
    """Return the words of `text`, for a list that reads as prose."""
    return frozenset(text.split())


_COUNTED_WORDS = 400
_UMLAUTS = frozenset("äöüß")
_WORD = re.compile(r"[^\W\d_]+")
_GERMAN = word_set(
    "und oder der die das den dem des ein eine einen einem einer für mit zum zur zu über von vom "
    "bitte ich mir mich wir uns sie nicht ist sind im auf aus wie auch noch nochmal jetzt nur mal "
    "daraus dazu dafür thema klasse klassen jahrgang jahrgangsstufe stunde stunden minuten fach "
    "unterricht doppelstunde erstelle erstellen mach mache machen schreib schreibe plane brauche "
    "kannst können könnten kürzer länger arbeitsblatt unterrichtsentwurf stundenverlauf "
    "elternbrief bewertungsraster erwartungshorizont klassenarbeit klausur gruppenarbeit "
    "lernspiel aufgaben punkte hallo guten tag danke dankeschön mathe mathematik deutsch "
    "englisch biologie erdkunde geschichte physik chemie knapper ausführlicher "
    "stattdessen nochmals hilf helfen gib"
)
_ENGLISH = word_set(
    "the a and or for with about please i me my we our you is are of on to from this that it not "
    "can could would what how into out now again only just class grade year topic subject lesson "
    "plan minutes minute hour create make write plan need design prepare want worksheet rubric "
    "activity game parents parent letter shorter longer tasks questions marks points hello hi "
    "thanks thank maths math english german biology history physics chemistry geography science "
    "group exam test briefer instead turn give help"
)
_WANTED: tuple[tuple[Language, re.Pattern[str]], ...] = (
    ("en", re.compile(r"\b(?:auf englisch|in english)\b", re.IGNORECASE)),
    ("de", re.compile(r"\b(?:auf deutsch|in german)\b", re.IGNORECASE)),
)


def wanted_language(text: str) -> Language | None:
    """Return the language a message explicitly asks for ("auf Englisch", "in German")."""
    return next((language for language, pattern in _WANTED if pattern.search(text)), None)


def detect_language(text: str) -> Language | None:
    """Return the language `text` is written in, None where the words do not tell."""
    words = [word.lower() for word in _WORD.findall(text)[:_COUNTED_WORDS]]
    german = sum(word in _GERMAN or not _UMLAUTS.isdisjoint(word) for word in words)
    english = sum(word in _ENGLISH for word in words)
    if german == english:
        return None
    return "de" if german > english else "en"
