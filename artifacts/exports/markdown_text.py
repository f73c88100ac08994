"""Markdown as blocks: what teachers and assistants write, ready for paper.

Inline marks (bold, links) become plain text; nothing of the words is lost.
"""

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from artifacts.sheets import Block, Heading, Items, Paragraph, Style, Table

_PARSER = MarkdownIt("commonmark").enable("table")
_INLINE_TEXT = {"text", "code_inline", "html_inline"}


def blocks_of(text: str) -> list[Block]:
    """Return the blocks of a Markdown text."""
    return list(_blocks(SyntaxTreeNode(_PARSER.parse(text))))


def _blocks(parent: SyntaxTreeNode) -> Iterator[Block]:
    for node in parent.children:
        match node.type:
            case "heading":
                yield Heading(_plain(node), min(int(node.tag[1]), 2))
            case "paragraph":
                yield Paragraph(_plain(node))
            case "bullet_list" | "ordered_list":
                yield from _list(node)
            case "table":
                yield _table(node)
            case "fence" | "code_block" | "html_block":
                yield Paragraph(node.content.rstrip("\n"))
            case "blockquote":
                yield from _blocks(node)


def _list(node: SyntaxTreeNode) -> Iterator[Block]:
    style: Style = "number" if node.type == "ordered_list" else "bullet"
    texts: list[str] = []
    for item in node.children:
        inner = list(_blocks(item))
        plain = [each.text for each in inner if isinstance(each, Paragraph | Heading)]
        texts.append("\n".join(plain))
        others = [each for each in inner if not isinstance(each, Paragraph | Heading)]
        if others:
            yield Items(tuple(texts), style)
            yield from others
            texts = []
    if texts:
        yield Items(tuple(texts), style)


def _table(node: SyntaxTreeNode) -> Table:
    rows = [tuple(map(_plain, row.children)) for part in node.children for row in part.children]
    return Table(rows[0], tuple(rows[1:]))


def _plain(node: SyntaxTreeNode) -> str:
    if node.type in {"softbreak", "hardbreak"}:
        return "\n"
    if node.type in _INLINE_TEXT:
        return "\n" if node.content.lower() in {"<br>", "<br/>", "<br />"} else node.content
    if node.type == "image":
        return node.content
    return "".join(map(_plain, node.children))
