"""The seeds: messages whose topic is known, to learn from and to show to an AI service."""

from collections.abc import Iterator
from pathlib import Path

SEEDS = Path(__file__).with_name("seeds")
LANGUAGES = ("de", "en")


def seeds(*languages: str) -> list[tuple[str, str]]:
    """Return topic and message of the seeds in some languages, or in all."""
    return [
        each
        for language in languages or LANGUAGES
        for each in _read((SEEDS / f"{language}.txt").read_text(encoding="utf-8"))
    ]


def _read(text: str) -> Iterator[tuple[str, str]]:
    """Yield topic and message: a topic stands in brackets above its messages, one a line."""
    topic = ""
    for line in text.splitlines():
        if line.startswith("["):
            topic = line.strip("[]")
        elif line:
            yield topic, line
