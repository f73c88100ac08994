"""What a document looks like on paper, before any format: headings, paragraphs, lists, tables.

Kinds make sheets and exporters print them, so that neither knows the other.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

WIDE_FROM = 5  # columns

Edition = Literal["teacher", "pupil"]
Style = Literal["bullet", "number", "box"]
Tell = Callable[[int, int], None]  # how many blocks are done, and of how many


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading below the title; level 1 or 2."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain text; line breaks are kept. A note is printed less loud."""

    text: str
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list: bullets, numbers, or boxes to tick."""

    texts: tuple[str, ...]
    style: Style = "bullet"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a header that is repeated on each page; `widths` are shares of the page."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """Empty lines to write on."""

    count: int


@dataclass(frozen=True, slots=True)
class PageBreak:
    """What follows begins on a page of its own."""


Block = Heading | Paragraph | Items | Table | Lines | PageBreak


@dataclass(frozen=True, slots=True)
class Pages:
    """What pupils may see, and the answers that stand apart from it."""

    body: list[Block]
    answers: list[Block] = field(default_factory=list)

    def edition(self, edition: Edition) -> list[Block]:
        """Return the blocks of an edition; the teacher's has the answers on a new page."""
        if edition == "pupil" or not self.answers:
            return self.body
        return [*self.body, PageBreak(), *self.answers]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document that is ready to be printed."""

    title: str
    language: str
    blocks: list[Block]
    is_ai_made: bool
    tell: Tell = lambda done, total: None

    def told(self) -> Iterator[Block]:
        """Yield the blocks; after each, who waits for the file is told how far it is."""
        for number, block in enumerate(self.blocks, 1):
            yield block
            self.tell(number, len(self.blocks))

    @property
    def parts(self) -> int:
        """How many paragraphs, list items, table cells and empty lines it has."""
        return sum(map(_parts_of, self.blocks))

    @property
    def is_wide(self) -> bool:
        """Whether a table needs the longer side of the page."""
        tables = [block for block in self.blocks if isinstance(block, Table)]
        return any(len(table.header) >= WIDE_FROM for table in tables)


def _parts_of(block: Block) -> int:
    match block:
        case Items():
            return len(block.texts)
        case Table():
            return len(block.header) * (1 + len(block.rows))
        case Lines():
            return block.count
    return 1


def bullets(texts: Iterable[str]) -> Items:
    """Return a bulleted list."""
    return Items(tuple(texts))


def optional(heading: str, text: str | None) -> list[Block]:
    """Return a section of one paragraph, or nothing without a text."""
    return [Heading(heading), Paragraph(text)] if text else []


def section(heading: str, texts: Iterable[str] | None) -> list[Block]:
    """Return a section with a list, or nothing for an empty one."""
    items = tuple(texts or ())
    return [Heading(heading), Items(items)] if items else []
