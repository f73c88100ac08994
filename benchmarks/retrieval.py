"""How well material of one language is found for questions in the other.

The questions are those of `tests/artifacts/data/cross_language_queries.txt`, each with the one
piece of the starter library that helps; they are searched among all pieces of both languages.
Needs Django.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "tests/artifacts/data/cross_language_queries.txt"
BEST = 3


def questions() -> list[tuple[str, str, str]]:
    """Return the language, the question, and the piece that is to be found for it."""
    found, language = [], ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            language = {"German": "de", "English": "en"}[line[1:].split()[0]]
        elif line and not line.startswith("#"):
            slug, question = line.split(": ", 1)
            found.append((language, question, slug))
    return found


def embedded(texts: list[str]) -> list[Any]:
    """Return the numbers of their vectors."""
    from eduhu import embedding

    return [embedding.numbers(vector) for vector in embedding.embed(texts)]


def by_likeness(vectors: dict[str, Any]) -> Callable[[str, Any], list[str]]:
    """Search by the likeness of vectors alone."""
    from eduhu.embedding import cosine

    def search(_language: str, asked: Any) -> list[str]:
        return sorted(vectors, key=lambda slug: -cosine(asked, vectors[slug]))[:BEST]

    return search


def by_rank(language: str, asked: Any) -> list[str]:
    """Search as the product does in a chat with this question, for a teacher without profile."""
    from artifacts.recommendations.queries import starter_items
    from artifacts.recommendations.ranking import Context, rank

    context = Context(language=language, is_chat=True, vector=asked)
    return [each.item.id for each in rank(starter_items(), context, BEST)]


def recall() -> dict[str, float]:
    """Return the share of the questions whose piece is among the best three, for each way.

    `shipped` are the vectors of the starter library, `ranked` the same with all else that
    counts, `as_artifacts` what they would be as artifacts of a teacher.
    """
    from artifacts.recommendations import starter
    from artifacts.recommendations.texts import text_of

    library = starter.library()
    contents = [text_of(each.title, each.document) for each in library.values()]
    ways = {
        "shipped": by_likeness(starter.vectors()),
        "ranked": by_rank,
        "as_artifacts": by_likeness(dict(zip(library, embedded(contents), strict=True))),
    }
    known = questions()
    asked = embedded([question for _language, question, _slug in known])
    return {
        name: sum(
            slug in search(language, vector)
            for (language, _question, slug), vector in zip(known, asked, strict=True)
        )
        / len(known)
        for name, search in ways.items()
    }
