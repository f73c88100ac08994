"""The words that say what material is about, to be made into a vector."""

from collections.abc import Iterator, Mapping
from typing import Any

from artifacts.documents import Content

# The model knows sentences; what a whole page says is no nearer to a question than its gist.
MOST = 400
# What documents say of themselves, of whatever kind, the most telling first.
_MEMBERS = (
    "goal", "question", "situation", "story", "product", "task", "instructions", "paragraphs",
    "questions", "tasks", "levels",
)  # fmt: skip


def text_of(title: str, content: Content) -> str:
    """Return what an artifact is about, in a few sentences."""
    if isinstance(content, str):
        return _joined([title, content])
    said = [title, content["topic"], content.get("subject", "")]
    return _joined([*said, *_words(content)])


def _words(document: Mapping[str, Any]) -> Iterator[str]:
    for name in _MEMBERS:
        yield from _texts(document.get(name))


def _texts(value: Any) -> Iterator[str]:
    """Find the texts of a part: itself, its `text`, or those of its parts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        yield from _texts(value.get("text", value.get("tasks")))


def _joined(parts: list[str]) -> str:
    seen = dict.fromkeys(" ".join(part.split()) for part in parts if part.strip())
    return ". ".join(seen)[:MOST]
