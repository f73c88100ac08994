"""The words of drafts, and their points, in the language of the document."""

from typing import Any

from artifacts.generation.wishes import Wish

GRADE_SHARES = (87, 73, 59, 45, 20, 0)
Part = dict[str, Any]


class Words:
    """The words of a draft, in the language of its document."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.topic = f"„{wish.topic}“" if wish.language == "de" else f"“{wish.topic}”"

    def __call__(self, german: str, english: str) -> str:
        """Return one of two texts; `{t}` in it is the topic."""
        text = german if self.wish.language == "de" else english
        return text.replace("{t}", self.topic)


def grade_key(total: int) -> list[Part]:
    """Return grades 1 to 6 in halves of points; a total of 5 is enough for all of them."""
    floors = [-(-total * share * 2 // 100) / 2 for share in GRADE_SHARES]
    return [{"grade": str(n), "from": floor} for n, floor in enumerate(floors, 1)]
