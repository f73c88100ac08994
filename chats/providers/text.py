"""Make a provider's text fit for PostgreSQL, JSON and UTF-8, however it was cut."""

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_HIGH_SURROGATES = ("\ud800", "\udbff")
_SUSPECT = re.compile("[\0\ud800-\udfff]")


class TextMender:
    """Mends one stream of text, piece by piece.

    NUL and lone surrogates become U+FFFD. The two halves of a character that a
    provider split over two pieces are joined: a high surrogate at the end of a
    piece is held back until `feed` or `flush` says what follows.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return the mended text that `piece` completes; may be empty."""
        if not self._held and _SUSPECT.search(piece) is None:
            return piece
        text, self._held = _split_trailing_half(self._held + piece)
        return _mend(text)

    def flush(self) -> str:
        """Return what is left at the end of the stream: a half whose partner never came."""
        held, self._held = self._held, ""
        return REPLACEMENT if held else ""


def _split_trailing_half(text: str) -> tuple[str, str]:
    first, last = _HIGH_SURROGATES
    if text and first <= text[-1] <= last:
        return text[:-1], text[-1]
    return text, ""


def _mend(text: str) -> str:
    # UTF-16 is where surrogates have a meaning: the round trip joins pairs and
    # replaces the lone ones.
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", REPLACEMENT)
