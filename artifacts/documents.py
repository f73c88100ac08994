"""Documents as they are stored: validated, in one canonical form, of the newest version.

`Artifact.content` holds Markdown where the kind is `text`, else a document as JSON
with sorted keys and no spaces: the same document is the same bytes.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from artifacts.kinds import KINDS, TEXT
from artifacts.kinds.base import Document, Kind
from eduhu.errors import InvalidInput

if TYPE_CHECKING:
    from jsonschema import ValidationError

Content = str | Document
CONTENT_MAX = 500_000  # characters; a long exam with solutions has about 30,000
ERRORS_MAX = 20  # what is wrong with more parts than these is not listed


def checked(document: Document) -> tuple[Kind, str]:
    """Return the kind of a document and its canonical form. Raises InvalidInput with paths."""
    kind = KINDS.get(str(document.get("kind")))
    if kind is None:
        names = ", ".join(KINDS)
        raise _invalid({"/kind": [_("This must be one of: %(values)s.") % {"values": names}]})
    document = upgraded(kind, document)
    if problems := problems_of(kind, document):
        raise _invalid(problems)
    content = canonical(document)
    if len(content) > CONTENT_MAX:
        raise _invalid({"": [_too_long(CONTENT_MAX)]})
    return kind, content


def problems_of(kind: Kind, document: Document) -> dict[str, list[str]]:
    """Return what is wrong with a document, by JSON pointer; nothing for a good one."""
    found: dict[str, list[str]] = {}
    for error in sorted(kind.validator.iter_errors(document), key=lambda e: _sortable(e.path)):
        for path, text in _told(error):
            texts = found.setdefault(pointer(path), [])
            texts += [text] if text not in texts else []
    if not found:  # rules trust the shape
        for rule in kind.rules:
            for where, text in rule(document):
                found.setdefault(pointer(where), []).append(text)
    return dict(list(found.items())[:ERRORS_MAX])


def canonical(document: Document) -> str:
    """Return the one form in which a document is stored."""
    return orjson.dumps(_with_plain_numbers(document), option=orjson.OPT_SORT_KEYS).decode()


def read(kind: str, content: str) -> Content:
    """Return stored content as the API shows it: text, or a document of the newest version."""
    if kind == TEXT or kind not in KINDS:
        return content
    return upgraded(KINDS[kind], orjson.loads(content))


def upgraded(kind: Kind, document: Document) -> Document:
    """Return a document as the newest version of its kind has it; an unknown one as it is."""
    while (step := kind.upgrades.get(document.get("version", 0))) is not None:
        document = step(document)
    return document


def recognise(content: str, artifact_type: str) -> str:
    """Return the kind of content that came without one: `text` unless it is a sound document."""
    if not content.startswith("{"):
        return TEXT
    try:
        document = orjson.loads(content)
        kind, _content = checked(document)
    except (orjson.JSONDecodeError, InvalidInput):
        return TEXT
    return kind.name if kind.artifact_type == artifact_type else TEXT


def pointer(path: Iterable[str | int]) -> str:
    """Return a JSON pointer (RFC 6901), such as /tasks/0/points."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "".join(f"/{part}" for part in parts)


def _invalid(problems: Mapping[str, list[str]]) -> InvalidInput:
    return InvalidInput(errors={"content": dict(problems)})


def _sortable(path: Iterable[str | int]) -> list[str]:
    return [f"{part:09}" if isinstance(part, int) else part for part in path]


def _told(error: "ValidationError") -> Iterable[tuple[list[str | int], str]]:
    """Say an error in our words; what is missing or unknown is named by its own path."""
    path, wanted, value = list(error.absolute_path), error.validator_value, error.instance
    match error.validator:
        case "required":
            missing = [name for name in wanted if name not in value]
            return [([*path, name], _("This is missing.")) for name in missing]
        case "additionalProperties":
            schema: Any = error.schema  # never `true`: it has members
            known = schema["properties"]
            unknown = [name for name in value if name not in known]
            return [([*path, name], _("This is not known here.")) for name in unknown]
    return [(path, _text(str(error.validator), wanted))]


def _text(keyword: str, wanted: Any) -> str:
    match keyword:
        case "const":
            return _("This must be: %(value)s.") % {"value": wanted}
        case "enum":
            return _("This must be one of: %(values)s.") % {"values": ", ".join(wanted)}
        case "type":
            return _("This has the wrong type; expected: %(type)s.") % {"type": wanted}
        case "minLength":
            return _("This must not be empty.")
        case "pattern" if wanted == r"\S":
            return _("This must not be empty.")
        case "pattern":
            return _("This must be lower-case letters, digits and hyphens, at most 40.")
        case "maxLength":
            return _too_long(wanted)
        case "minItems" | "maxItems":
            few = _("There must be at least %(count)s of these.")
            many = _("There must be at most %(count)s of these.")
            return (few if keyword == "minItems" else many) % {"count": wanted}
        case "minimum":
            return _("This must be at least %(limit)s.") % {"limit": wanted}
        case "maximum":
            return _("This must be at most %(limit)s.") % {"limit": wanted}
        case "multipleOf":
            return _("This must be in steps of %(step)s.") % {"step": number_format(wanted)}
    return _("This is not valid.")


def _too_long(limit: int) -> str:
    return _("This is too long; at most %(limit)s characters.") % {"limit": limit}


def _with_plain_numbers(value: Any) -> Any:
    """Return JSON in which 2.0 is 2, as every other writer of JSON has it."""
    if isinstance(value, dict):
        return {name: _with_plain_numbers(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_plain_numbers(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
