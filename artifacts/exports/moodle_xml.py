"""Moodle XML: questions for the question bank of Moodle.

What is to be ordered becomes pairs of place and item, as every Moodle has these.
"""

from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from artifacts.exports.marks import AI_KEYWORD, AI_SOURCE
from artifacts.exports.questions import Question, fractions, pairs_of
from artifacts.kinds.quiz import is_single

_TYPES = {
    "choice": "multichoice", "truefalse": "truefalse", "short": "shortanswer",
    "match": "matching", "order": "matching", "open": "essay",
}  # fmt: skip


def write(title: str, quiz: dict[str, Any], *, is_ai_made: bool) -> bytes:
    """Return a quiz as Moodle XML, in a category of its own."""
    root = Element("quiz")
    category = SubElement(root, "question", type="category")
    _text(SubElement(category, "category"), "$course$/top/" + title.replace("/", "//"))
    if is_ai_made:
        _text(SubElement(category, "info", format="plain_text"), f"{AI_KEYWORD}: {AI_SOURCE}")
    for number, question in enumerate(quiz["questions"], 1):
        _add_question(root, number, question, is_ai_made=is_ai_made)
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _add_question(root: Element, number: int, question: Question, *, is_ai_made: bool) -> None:
    made = SubElement(root, "question", type=_TYPES[question["type"]])
    first_line = question["text"].strip().splitlines()[0]
    _text(SubElement(made, "name"), f"{number:02} {first_line[:80]}")
    _text(SubElement(made, "questiontext", format="plain_text"), question["text"])
    feedback = question.get("feedback", "")
    _text(SubElement(made, "generalfeedback", format="plain_text"), feedback)
    SubElement(made, "defaultgrade").text = str(question["points"])
    SubElement(made, "hidden").text = "0"
    SubElement(made, "idnumber").text = question["id"]
    _KEYS[question["type"]](made, question)
    if is_ai_made:
        _text(SubElement(SubElement(made, "tags"), "tag"), AI_KEYWORD)


def _choice(made: Element, question: Question) -> None:
    SubElement(made, "single").text = "true" if is_single(question) else "false"
    SubElement(made, "shuffleanswers").text = "true"
    SubElement(made, "answernumbering").text = "abc"
    for option, fraction in zip(question["options"], fractions(question), strict=True):
        _answer(made, option["text"], fraction)


def _true_false(made: Element, question: Question) -> None:
    for text, is_it in (("true", question["correct"]), ("false", not question["correct"])):
        _answer(made, text, 100 if is_it else 0, format="moodle_auto_format")


def _short(made: Element, question: Question) -> None:
    SubElement(made, "usecase").text = "0"
    for text in question["answers"]:
        # A star stands for anything, unless it is escaped.
        _answer(made, text.replace("*", "\\*"), 100, format="moodle_auto_format")


def _match(made: Element, question: Question) -> None:
    SubElement(made, "shuffleanswers").text = "true"
    for left, right in pairs_of(question):
        pair = SubElement(made, "subquestion", format="plain_text")
        SubElement(pair, "text").text = left
        _text(SubElement(pair, "answer"), right)


def _open(made: Element, question: Question) -> None:
    _answer(made, "", 0, format="moodle_auto_format")
    SubElement(made, "responseformat").text = "editor"
    _text(SubElement(made, "graderinfo", format="plain_text"), question["expected"])


_KEYS = {
    "choice": _choice, "truefalse": _true_false, "short": _short, "match": _match,
    "order": _match, "open": _open,
}  # fmt: skip


def _answer(made: Element, text: str, fraction: float, format: str = "plain_text") -> None:
    _text(SubElement(made, "answer", fraction=f"{fraction:.7g}", format=format), text)


def _text(parent: Element, text: str) -> None:
    SubElement(parent, "text").text = text
