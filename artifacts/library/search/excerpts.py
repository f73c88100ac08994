"""What is shown of something found: some words around the first hit, with the hits marked.

An excerpt is a list of parts, each text as it was written and whether it is a hit: there is
no markup in it that a client could mistake, and no position to count.
"""

import re
from typing import Any

LENGTH = 200  # characters
BEFORE = 60

Part = dict[str, Any]


def excerpt(text: str, wanted: re.Pattern[str]) -> list[Part]:
    """Return the parts of `text` around its first hit, or of its beginning without one."""
    first = wanted.search(text)
    start = _word_start(text, max(0, first.start() - BEFORE)) if first else 0
    return _parts(text[start : start + LENGTH], wanted)


def _word_start(text: str, at: int) -> int:
    """Return where the next word begins, as half a word helps nobody."""
    if at == 0:
        return 0
    space = re.compile(r"\s").search(text, at, at + BEFORE)
    return space.end() if space else at


def _parts(text: str, wanted: re.Pattern[str]) -> list[Part]:
    parts: list[Part] = []
    at = 0
    for hit in wanted.finditer(text):
        parts += [_part(text[at : hit.start()], is_hit=False), _part(hit[0], is_hit=True)]
        at = hit.end()
    parts.append(_part(text[at:], is_hit=False))
    return [part for part in parts if part["text"]]


def _part(text: str, *, is_hit: bool) -> Part:
    return {"text": text, "is_hit": is_hit}
