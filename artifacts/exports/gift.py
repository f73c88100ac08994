"""GIFT: quizzes as text that people can read and Moodle imports. It has no place for points."""

import re
from typing import Any

from artifacts.exports.marks import AI_KEYWORD, AI_SOURCE
from artifacts.exports.questions import Question, fractions, pairs_of
from artifacts.kinds.quiz import is_single

_SPECIAL = re.compile(r"([\\~=#{}:])")


def write(title: str, quiz: dict[str, Any], *, is_ai_made: bool) -> bytes:
    """Return a quiz as GIFT."""
    parts = [f"// {' '.join(title.split())}"]
    if is_ai_made:
        parts.append(f"// {AI_KEYWORD}: {AI_SOURCE}")
    parts.append(f"$CATEGORY: $course$/top/{' '.join(title.split()).replace('/', '//')}")
    parts += map(_question, quiz["questions"])
    return ("\n\n".join(parts) + "\n").encode()


def escaped(text: str) -> str:
    """Return plain text on one line; an arrow would make a pair of it."""
    text = _SPECIAL.sub(r"\\\1", text.strip().replace("->", "→"))
    return "\\n".join(text.splitlines())


def _question(question: Question) -> str:
    key = "".join(f"\n\t{answer}" for answer in _key(question))
    if feedback := question.get("feedback"):
        key += f"\n\t####{escaped(feedback)}"
    return f"::{escaped(question['id'])}::[plain]{escaped(question['text'])} {{{key}\n}}"


def _key(question: Question) -> list[str]:
    match question["type"]:
        case "choice":
            return _choice(question)
        case "truefalse":
            return ["TRUE" if question["correct"] else "FALSE"]
        case "short":
            return [f"=%100%{escaped(text)}" for text in question["answers"]]
        case "match" | "order":
            return [f"={escaped(left)} -> {escaped(right)}" for left, right in pairs_of(question)]
    return []


def _choice(question: Question) -> list[str]:
    """Give each answer its weight: one that begins with a percent sign would be taken for it."""
    shares = zip(question["options"], fractions(question), strict=True)
    if is_single(question):
        return [
            f"{'=%100%' if option['correct'] else '~%0%'}{escaped(option['text'])}"
            for option, _fraction in shares
        ]
    return [f"~%{fraction:.7g}%{escaped(option['text'])}" for option, fraction in shares]
