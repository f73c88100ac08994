"""Markdown (CommonMark with tables)."""

import re

from artifacts.exports.marks import AI_KEYWORD, AI_SOURCE
from artifacts.sheets import Block, Heading, Items, Lines, PageBreak, Paragraph, Sheet, Table

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#&~$])")
_GAP = re.compile(r"(?<!\S)(?:\\_){3,}(?!\S)")  # to be filled in by hand
_AT_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))", re.MULTILINE)


def write(sheet: Sheet) -> bytes:
    """Return a sheet as Markdown; an AI's is marked by a comment that is not shown."""
    parts = [f"# {escaped(sheet.title)}", body(sheet)]
    if sheet.is_ai_made:
        parts.append(f"<!-- {AI_KEYWORD}: {AI_SOURCE} -->")
    return ("\n\n".join(filter(None, parts)) + "\n").encode()


def body(sheet: Sheet) -> str:
    """Return the blocks of a sheet as Markdown."""
    return "\n\n".join(filter(None, map(_block, sheet.blocks)))


def escaped(text: str) -> str:
    """Return plain text so that Markdown shows it as it is, on one line."""
    text = _SPECIAL.sub(r"\\\1", text)
    text = _AT_START.sub(_without_meaning, text)
    if text.strip("\\_ \n"):  # where nothing else stands, they would be a rule
        text = _GAP.sub(lambda gap: gap[0].replace("\\", ""), text)
    return "<br>".join(text.strip().splitlines())


def _without_meaning(start: re.Match[str]) -> str:
    mark = start[2]
    return f"{start[1]}\\{mark}" if not mark.isdigit() else f"{start[1]}{mark}\\"


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * (block.level + 1)} {escaped(block.text)}"
        case Paragraph():
            text = escaped(block.text)
            return f"*{text}*" if block.is_note else text
        case Items():
            marks = {"bullet": "- ", "box": "- ☐ "}
            return "\n".join(
                f"{marks.get(block.style, f'{number}. ')}{escaped(text)}"
                for number, text in enumerate(block.texts, 1)
            )
        case Table():
            rows = [block.header, ("---",) * len(block.header)]
            lines = [_row(row) for row in rows[:1]] + [_bare(rows[1])]
            return "\n".join([*lines, *map(_row, block.rows)])
        case Lines():
            return "<br>".join(["…" * 40] * block.count)
        case PageBreak():
            return "---"


def _row(cells: tuple[str, ...]) -> str:
    return _bare(tuple(map(escaped, cells)))


def _bare(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
