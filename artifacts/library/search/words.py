"""The words of a question, and what counts as the same word.

PostgreSQL stems by itself. What is here is for SQLite, which does not, and for the marks
in excerpts: a word counts when it begins as the wanted one does without its ending.
"""

import re
from collections.abc import Iterable

WORDS_MAX = 12  # of a question; further ones do not narrow it
PREFIX_FROM = 3  # letters; shorter beginnings would find nearly everything
STEM_FROM = 4  # letters that an ending leaves
_FOLDED = str.maketrans({**dict(zip("äöüéèêáàçñ", "aoueeeaacn", strict=True)), "ß": "ss", "_": " "})
_WORD = re.compile(r"[^\W_]+")
_ENDINGS = ("ies", "ings", "ing", "ed", "ern", "en", "er", "em", "es", "e", "n", "s", "y")
_DOUBLED = re.compile(r"([bdfgmnprt])\1$")
_UMLAUTS = re.compile("[aou]e")
# Words in every other sentence of both languages, which name nothing.
_EMPTY = frozenset(
    """
    aber als also am an and are as at auch auf aus bei bin bis bitte but by can da das dass dem den
    der des did die do du ein eine einem einen einer er es for from fur hat have how i ich ihr im in
    is ist it kann mein meine mich mir mit my nach nicht noch nur oder of on or our sich sie sind so
    that the there they this to um und uns unser von vor war was we wer what when where which who
    wie will wir with wo you your zu zum zur
    """.split()  # noqa: SIM905 (as a list it would be a page)
)


def folded(text: str) -> str:
    """Return text in small letters without umlauts, ß and accents."""
    return text.lower().translate(_FOLDED)


def words_of(question: str) -> list[str]:
    """Return the words that are looked for, folded; those without a meaning only if alone."""
    found = list(dict.fromkeys(_WORD.findall(folded(question))))
    return ([word for word in found if word not in _EMPTY] or found)[:WORDS_MAX]


def spellings(word: str) -> list[str]:
    """Return a folded word as it may be written: `Brueche` is also `Brüche`, folded `bruche`."""
    return list(dict.fromkeys([word, _UMLAUTS.sub(lambda found: found[0][0], word)]))


def beginnings(word: str) -> list[str]:
    """Return how words begin that count as this one."""
    return list(dict.fromkeys(_stem(each) for each in spellings(word)))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= STEM_FROM:
            return _DOUBLED.sub(r"\1", stem)
    return word


_LETTERS = {
    "a": "(?:ae|[aäáà])", "o": "(?:oe|[oö])", "u": "(?:ue|[uü])", "e": "[eéèê]", "c": "[cç]",
    "n": "[nñ]",
}  # fmt: skip


def pattern_of(words: Iterable[str]) -> re.Pattern[str]:
    """Return what finds these words, and those that count as them, in text as it was written."""
    starts = [_written(start) for word in words for start in beginnings(word)]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(starts)})[^\W_]*", re.IGNORECASE)


def _written(start: str) -> str:
    parts = [part for part in re.split("(ss)", start) if part]
    return "".join(
        "(?:ss|ß)" if part == "ss" else "".join(_LETTERS.get(c, re.escape(c)) for c in part)
        for part in parts
    )
