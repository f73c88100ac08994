"""Documents as files: what can be made of an artifact, and how the file is called.

The libraries that write DOCX and PDF are heavy, so a format is imported when it is asked for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _
from django.utils.translation import override

from artifacts import documents
from artifacts.exports import md
from artifacts.kinds import KINDS, TEXT
from artifacts.sheets import Edition, Sheet, Tell
from eduhu.errors import InvalidInput


class TooManyParts(InvalidInput):
    """A file for Word or a PDF of this would take all memory there is."""

    code = "file_too_large"


@dataclass(frozen=True, slots=True)
class Format:
    """A format. One of a quiz takes its document, any other one a sheet."""

    media_type: str
    suffix: str
    is_for_quizzes: bool = False


FORMATS = {
    "docx": Format(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"
    ),
    "pdf": Format("application/pdf", "pdf"),
    "md": Format("text/markdown", "md"),
    "moodle_xml": Format("application/xml", "xml", is_for_quizzes=True),
    "gift": Format("text/plain", "gift.txt", is_for_quizzes=True),
    "qti21": Format("application/zip", "zip", is_for_quizzes=True),
    "qti3": Format("application/zip", "zip", is_for_quizzes=True),
}
# What XML 1.0 cannot hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NO_FILE_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]+')
# Of a file for Word or a PDF. Each takes about 6 kB of memory and a millisecond; 500 pages
# have about as many lines.
PARTS_MAX = 20_000
NAME_MAX = 100  # characters; file systems hold 255 bytes


@dataclass(frozen=True, slots=True)
class Export:
    """A file."""

    content: bytes
    media_type: str
    name: str

    @property
    def disposition(self) -> str:
        """Return the header that names it, for old and new clients (RFC 6266, RFC 8187)."""
        plain = self.name.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(self.name, safe='')}"


def export(
    artifact: Mapping[str, Any],
    format_name: str,
    edition: Edition,
    *,
    is_ai_made: bool,
    tell: Tell | None = None,
) -> Export:
    """Return an artifact as a file.

    Raises InvalidInput for a format its kind does not have, or that it is too large for.

    `artifact` is shown as in the API. The pupils' edition has no answers; a quiz for a
    learning platform always has them, as the platform keeps them apart. DOCX and PDF tell
    how far they are.
    """
    wanted = FORMATS[format_name]
    kind, title = artifact["kind"], printable(artifact["title"])
    if wanted.is_for_quizzes and kind != "quiz":
        names = ", ".join(name for name, each in FORMATS.items() if not each.is_for_quizzes)
        text = _("This kind cannot be exported in this format. Possible: %(formats)s.")
        raise InvalidInput(errors={"format": [text % {"formats": names}]})
    content = printable(artifact["content"])
    write = import_module(f"artifacts.exports.{format_name}").write
    if wanted.is_for_quizzes:
        written = write(title, content, is_ai_made=is_ai_made)
    elif kind == TEXT and format_name == "md":
        written = artifact["content"].encode()
    else:
        sheet = sheet_of(title, kind, content, edition, is_ai_made=is_ai_made)
        if format_name != "md":
            _refuse_too_many(sheet)
        written = write(replace(sheet, tell=tell) if tell else sheet)
    return Export(written, wanted.media_type, f"{file_name(title)}.{wanted.suffix}")


def too_large() -> TooManyParts:
    """Return the error for what does not fit into a format."""
    text = _("This is too large for this format. Please export it as Markdown.")
    return TooManyParts(errors={"format": [text]})


def _refuse_too_many(sheet: Sheet) -> None:
    if sheet.parts > PARTS_MAX:
        raise too_large()


def preview(artifact: Mapping[str, Any], edition: Edition) -> str:
    """Return an artifact as Markdown: its text, or its document without title and mark."""
    content = printable(artifact["content"])
    if isinstance(content, str):
        return content
    title = printable(artifact["title"])
    sheet = sheet_of(title, artifact["kind"], content, edition, is_ai_made=False)
    return md.body(sheet)


def sheet_of(
    title: str, kind: str, content: documents.Content, edition: Edition, *, is_ai_made: bool
) -> Sheet:
    """Return what a document looks like on paper, in its own language."""
    if isinstance(content, str):
        blocks = import_module("artifacts.exports.markdown_text").blocks_of(content)
        return Sheet(title, "", blocks, is_ai_made)
    with override(content["language"]):
        blocks = KINDS[kind].render(content).edition(edition)
    return Sheet(title, content["language"], blocks, is_ai_made)


def printable(value: Any) -> Any:
    """Return JSON without the characters that neither files nor people can use."""
    if isinstance(value, dict):
        return {name: printable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [printable(each) for each in value]
    return _FORBIDDEN.sub("", value) if isinstance(value, str) else value


def file_name(title: str) -> str:
    """Return a name that every file system takes, umlauts and all."""
    name = _NO_FILE_NAME.sub(" ", title)[:NAME_MAX]
    return " ".join(name.split()).strip(". ") or "eduhu"
