"""A quiz: questions of six forms; a learning platform can mark all but the open one."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from artifacts.kinds.base import Document, Kind, Problem
from artifacts.kinds.parts import about, in_minutes, in_points, name_line, total
from artifacts.kinds.rules import adds_up, repeated, unique
from artifacts.kinds.schema import (
    Schema,
    identifier,
    line,
    many,
    minutes,
    one_of,
    points,
    record,
    text,
    yes_or_no,
)
from artifacts.models import ArtifactType
from artifacts.sheets import Block, Heading, Items, Lines, Pages, Paragraph, Table, bullets

Question = dict[str, Any]


def _question(name: str, own: dict[str, Schema]) -> Schema:
    head = {"type": {"const": name}, "id": identifier(), "text": text(), "points": points()}
    return record({**head, **own}, {"feedback": text()})


FORMS: dict[str, dict[str, Schema]] = {
    "choice": {"options": many(record({"text": line(), "correct": yes_or_no()}), 2, 10)},
    "truefalse": {"correct": yes_or_no()},
    "short": {"answers": many(line(), 1, 20)},
    "match": {"pairs": many(record({"left": line(), "right": line()}), 2, 12)},
    "order": {"items": many(line(), 2, 12)},
    "open": {"expected": text()},
}
QUESTION = one_of("type", {name: _question(name, own) for name, own in FORMS.items()})


def has_answers(document: Document) -> Iterator[Problem]:
    """A choice has a correct option; what is matched or ordered can be told apart."""
    for number, question in enumerate(document["questions"]):
        where = ("questions", number)
        match question["type"]:
            case "choice":
                yield from repeated(question["options"], "text", (*where, "options"))
                if not any(option["correct"] for option in question["options"]):
                    yield (*where, "options"), _("At least one option must be correct.")
            case "match":
                for side in ("left", "right"):
                    yield from repeated(question["pairs"], side, (*where, "pairs"))
            case "order" if len(set(question["items"])) < len(question["items"]):
                yield (*where, "items"), _("This appears twice.")


def is_single(question: Question) -> bool:
    """Whether exactly one option of a choice is correct."""
    return [option["correct"] for option in question["options"]].count(True) == 1


def mixed(texts: list[str]) -> list[str]:
    """Return texts in an order that does not give the answer away, and is always the same."""
    in_order = sorted(texts)
    return in_order[::-1] if in_order == texts else in_order


def render(document: Document) -> Pages:
    """Print the questions, and the key for the teacher."""
    given = document.get("minutes")
    body: list[Block] = [
        name_line(),
        about(document, *([f"{_('Time')}: {in_minutes(given)}"] if given else [])),
    ]
    rows = []
    for number, question in enumerate(document["questions"], 1):
        body.append(Heading(f"{_('Question')} {number} ({in_points(question['points'])})", 2))
        body += [Paragraph(question["text"]), *_answer_space(question)]
        rows.append((str(number), _key(question), question.get("feedback", "–")))
    key = Table((_("Question"), _("Answer"), _("Feedback")), tuple(rows), (15, 50, 35))
    return Pages([*body, total(document)], [Heading(_("Solutions")), key])


def _answer_space(question: Question) -> list[Block]:
    match question["type"]:
        case "choice":
            return [Items(tuple(option["text"] for option in question["options"]), "box")]
        case "truefalse":
            return [Items((_("true"), _("false")), "box")]
        case "match":
            right = mixed([pair["right"] for pair in question["pairs"]])
            left = [pair["left"] for pair in question["pairs"]]
            return [Table((_("Left"), _("Right")), tuple(zip(left, right, strict=True)))]
        case "order":
            return [bullets(mixed(question["items"]))]
        case "short":
            return [Lines(1)]
    return [Lines(5)]


def _key(question: Question) -> str:
    match question["type"]:
        case "choice":
            return "\n".join(each["text"] for each in question["options"] if each["correct"])
        case "truefalse":
            return _("true") if question["correct"] else _("false")
        case "match":
            return "\n".join(f"{pair['left']} – {pair['right']}" for pair in question["pairs"])
        case "order":
            return "\n".join(f"{n}. {each}" for n, each in enumerate(question["items"], 1))
        case "short":
            return " / ".join(question["answers"])
    return str(question["expected"])


KIND = Kind(
    name="quiz",
    artifact_type=ArtifactType.ACTIVITY,
    display_name=gettext_lazy("Quiz"),
    risk="limited",
    required={"questions": many(QUESTION, 1, 100), "total_points": points(100_000)},
    optional={"minutes": minutes()},
    rules=(adds_up("questions", "points", "total_points"), unique("questions"), has_answers),
    render=render,
)
