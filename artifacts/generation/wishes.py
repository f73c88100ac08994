"""What a teacher wants made: read from a client's JSON, kept with the reply, told to the AI."""

import re
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from artifacts.kinds import KINDS
from artifacts.kinds.schema import LINE_MAX
from artifacts.models import TITLE_MAX
from chats.requests import optional_text
from eduhu.errors import InvalidInput

# A year, a class, some years; or where years do not count.
_GRADE = re.compile(
    r"(?:grade |year |klasse |jahrgang )?(?:1[0-3]|[1-9])\.?(?: ?[a-f]| ?[-–/] ?(?:1[0-3]|[1-9]))?"
    r"|q[1-4]|e[fp]|vocational|university|adults|berufsschule|ausbildung|studium|erwachsene",
    re.IGNORECASE,
)
_AMOUNTS = {"minutes": (5, 600), "points": (5, 200), "tasks": (1, 20)}
_OPTIONS = ("points", "tasks", "notes")
NOTES_MAX = 2000


@dataclass(frozen=True, slots=True)
class Wish:
    """A document that is wanted."""

    kind: str
    topic: str
    language: str
    subject: str = ""
    grade: str = ""
    minutes: int = 45
    points: int = 30
    tasks: int = 5
    notes: str = ""

    @property
    def title(self) -> str:
        """The title of the artifact."""
        return f"{self.name}: {self.topic}"[:TITLE_MAX]

    @property
    def name(self) -> str:
        """The kind, in the language of the document."""
        with override(self.language):
            return str(KINDS[self.kind].display_name)

    @property
    def question(self) -> str:
        """The wish as a message of the teacher."""
        known = [self.title, self.subject, self.grade and f"{self._word('Grade')} {self.grade}"]
        with override(self.language):
            known.append(_("%(minutes)s min") % {"minutes": self.minutes})
        return "\n".join(filter(None, [", ".join(filter(None, known)), self.notes]))

    def _word(self, text: str) -> str:
        with override(self.language):
            return _(text)

    def as_json(self) -> dict[str, Any]:
        """Return what is kept with the reply."""
        return asdict(self)


def parse_wish(data: dict[str, Any], language: str | None) -> Wish:
    """Read `{kind, topic, subject?, grade?, minutes?, language?, options?}`. Raises InvalidInput.

    `language` is that of the document where none is named; without one, the reader's.
    """
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise _invalid("kind", _("This must be one of: %(values)s.") % {"values": ", ".join(KINDS)})
    options = data.get("options")
    if not isinstance(options, dict | None):
        raise _invalid("options", _("This is not valid."))
    named = {**data, **{name: (options or {}).get(name) for name in _OPTIONS}}
    for name in options or {}:
        if name not in _OPTIONS:
            raise _invalid(f"options.{name}", _("This is not known here."))
    amounts = {name: _amount(named, name, *limits) for name, limits in _AMOUNTS.items()}
    return Wish(
        kind=kind,
        topic=_line(data, "topic", is_needed=True),
        language=_language(data, language),
        subject=_line(data, "subject"),
        grade=_grade(data),
        notes=_line(named, "notes", limit=NOTES_MAX),
        **{name: amount for name, amount in amounts.items() if amount is not None},
    )


def _language(data: dict[str, Any], fallback: str | None) -> str:
    named = optional_text(data, "language")
    if named not in (None, "de", "en"):
        raise _invalid("language", _("This must be one of: %(values)s.") % {"values": "de, en"})
    return named or ("en" if (fallback or get_language() or "de").startswith("en") else "de")


def _grade(data: dict[str, Any]) -> str:
    value = data.get("grade")
    text = str(value) if type(value) is int else _line(data, "grade")
    if text and not _GRADE.fullmatch(text):
        raise _invalid(
            "grade", _("This grade is not known; a year from 1 to 13 is, such as 7 or 7b.")
        )
    return text


def _line(
    data: dict[str, Any], name: str, *, is_needed: bool = False, limit: int = LINE_MAX
) -> str:
    text = (optional_text(data, name) or "").strip()
    if is_needed and not text:
        raise _invalid(name, _("This is missing."))
    if len(text) > limit:
        raise _invalid(
            name, _("This is too long; at most %(limit)s characters.") % {"limit": limit}
        )
    return text


def _amount(data: dict[str, Any], name: str, low: int, high: int) -> int | None:
    value = data.get(name)
    if value is None:
        return None
    if type(value) is not int or not low <= value <= high:
        text = _("This must be a whole number from %(low)s to %(high)s.")
        raise _invalid(name, text % {"low": low, "high": high})
    return value


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors={field: [message]})
