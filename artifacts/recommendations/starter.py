"""The starter library: our own material, in files, the same for every teacher.

A file of `starter/` is one piece: its title, a summary, the topics of chats it is for, the
seasons it is for, and a document of one of our kinds. `starter_vectors.json` holds what
`manage.py embed_starter` made of them.
"""

import base64
import uuid
from array import array
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import orjson

from artifacts.kinds.base import Document
from eduhu import embedding
from eduhu.errors import NotFound

FOLDER = Path(__file__).with_name("starter")
VECTORS = Path(__file__).with_name("starter_vectors.json")
SCALE = 127  # vectors are shipped in whole numbers of one byte
_NAMES = uuid.UUID("6b1d6f0e-6b3c-5d0a-9c53-0d6f7c8e2a11")


@dataclass(frozen=True, slots=True)
class Starter:
    """A piece of the starter library; never changed."""

    slug: str
    title: str
    summary: str
    topics: tuple[str, ...]
    seasons: tuple[str, ...]
    document: Document

    @property
    def item_id(self) -> uuid.UUID:
        """The id under which teachers mark it; it follows from its name."""
        return uuid.uuid5(_NAMES, self.slug)

    @property
    def text(self) -> str:
        """What it is about, to be made into a vector."""
        subject = self.document.get("subject", "")
        return f"{self.title}. {self.document['topic']}. {subject}. {self.summary}"


@cache
def library() -> dict[str, Starter]:
    """Return all of it by name, German before English."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*/*.json"))}


def _read(path: Path) -> Starter:
    kept = orjson.loads(path.read_bytes())
    return Starter(
        path.stem, kept["title"], kept["summary"], tuple(kept["topics"]), tuple(kept["seasons"]),
        kept["document"],
    )  # fmt: skip


def starter(slug: str) -> Starter:
    """Return one. Raises NotFound."""
    found = library().get(slug)
    if found is None:
        raise NotFound
    return found


@cache
def vectors() -> "dict[str, array[float]]":
    """Return the vectors of the model that is installed; none of another, or of other words."""
    kept = orjson.loads(VECTORS.read_bytes()) if VECTORS.exists() else {}
    return {
        slug: _decoded(kept[slug]["vector"])
        for slug, each in library().items()
        if slug in kept
        and (kept[slug]["model"], kept[slug]["text"]) == (embedding.model(), mark_of(each.text))
    }


def mark_of(text: str) -> str:
    """Return what tells whether a vector is of these words."""
    return sha256(text.encode()).hexdigest()[:16]


def _decoded(text: str) -> "array[float]":
    numbers = array("b", base64.b64decode(text))
    return array("f", (number / SCALE for number in numbers))


def write_vectors() -> int:
    """Make all vectors anew; return how many."""
    every = list(library().values())
    made = embedding.embed([each.text for each in every])
    kept = {
        each.slug: {
            "model": embedding.model(),
            "text": mark_of(each.text),
            "vector": base64.b64encode(
                array("b", (round(number * SCALE) for number in embedding.numbers(vector)))
            ).decode(),
        }
        for each, vector in zip(every, made, strict=True)
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    VECTORS.write_bytes(orjson.dumps(kept, option=options))
    vectors.cache_clear()
    return len(kept)
