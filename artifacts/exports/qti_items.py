"""Items of QTI, in the words of version 2.1: one question each, with its correct response."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement

from artifacts.exports.questions import Question
from artifacts.kinds.quiz import is_single, mixed

TEMPLATES = "http://www.imsglobal.org/question/qti_v2p1/rptemplates/"


def item_id(question: Question) -> str:
    """Return the id of a question's item; the same in every export."""
    return f"item-{question['id']}"


def item(question: Question, language: str) -> Element:
    """Return the item of a question."""
    made = Element(
        "assessmentItem",
        identifier=item_id(question),
        title=question["text"].strip().splitlines()[0][:80],
        adaptive="false",
        timeDependent="false",
    )
    made.set("xml:lang", language)
    body = _ITEMS[question["type"]](made, question)
    SubElement(made, "outcomeDeclaration", identifier="SCORE", cardinality="single",
               baseType="float")  # fmt: skip
    made.append(body)
    if question["type"] != "open":
        name = "map_response" if question["type"] == "short" else "match_correct"
        SubElement(made, "responseProcessing", template=TEMPLATES + name)
    return made


def _declare(
    made: Element, cardinality: str, base_type: str, correct: Iterable[str] = ()
) -> Element:
    declared = SubElement(
        made, "responseDeclaration", identifier="RESPONSE", cardinality=cardinality,
        baseType=base_type,
    )  # fmt: skip
    values = list(correct)
    if values:
        response = SubElement(declared, "correctResponse")
        for value in values:
            SubElement(response, "value").text = value
    return declared


def _body(question: Question, interaction: str, **attributes: str) -> tuple[Element, Element]:
    """Return the body of an item, and the interaction in it."""
    body = Element("itemBody")
    made = SubElement(body, interaction, {"responseIdentifier": "RESPONSE", **attributes})
    SubElement(made, "prompt").text = question["text"]
    return body, made


def _choices(parent: Element, texts: Sequence[tuple[str, str]]) -> None:
    for name, text in texts:
        SubElement(parent, "simpleChoice", identifier=name).text = text


def _choice(made: Element, question: Question) -> Element:
    single = is_single(question)
    names = [f"c{number}" for number in range(1, len(question["options"]) + 1)]
    options = question["options"]
    correct = [name for name, each in zip(names, options, strict=True) if each["correct"]]
    _declare(made, "single" if single else "multiple", "identifier", correct)
    body, interaction = _body(
        question, "choiceInteraction", shuffle="true", maxChoices="1" if single else "0"
    )
    _choices(interaction, [(n, each["text"]) for n, each in zip(names, options, strict=True)])
    return body


def _true_false(made: Element, question: Question) -> Element:
    _declare(made, "single", "identifier", ["true" if question["correct"] else "false"])
    body, interaction = _body(question, "choiceInteraction", shuffle="false", maxChoices="1")
    is_german = made.get("xml:lang", "").startswith("de")
    words = ("richtig", "falsch") if is_german else ("true", "false")
    _choices(interaction, list(zip(("true", "false"), words, strict=True)))
    return body


def _short(made: Element, question: Question) -> Element:
    declared = _declare(made, "single", "string", question["answers"][:1])
    mapping = SubElement(declared, "mapping", defaultValue="0")
    for answer in dict.fromkeys(question["answers"]):
        SubElement(mapping, "mapEntry", mapKey=answer, mappedValue="1", caseSensitive="false")
    body = Element("itemBody")
    SubElement(body, "p").text = question["text"]
    place = SubElement(SubElement(body, "p"), "textEntryInteraction")
    place.set("responseIdentifier", "RESPONSE")
    place.set("expectedLength", str(max(map(len, question["answers"]))))
    return body


def _match(made: Element, question: Question) -> Element:
    pairs = question["pairs"]
    rights = mixed([pair["right"] for pair in pairs])
    places = [rights.index(pair["right"]) + 1 for pair in pairs]
    correct = [f"l{number} r{place}" for number, place in enumerate(places, 1)]
    _declare(made, "multiple", "directedPair", correct)
    body, interaction = _body(
        question, "matchInteraction", shuffle="true", maxAssociations=str(len(pairs))
    )
    for mark, texts in (("l", [pair["left"] for pair in pairs]), ("r", rights)):
        side = SubElement(interaction, "simpleMatchSet")
        for number, text in enumerate(texts, 1):
            choice = SubElement(side, "simpleAssociableChoice", identifier=f"{mark}{number}")
            choice.set("matchMax", "1")
            choice.text = text
    return body


def _order(made: Element, question: Question) -> Element:
    shown = mixed(question["items"])
    _declare(
        made, "ordered", "identifier", [f"o{shown.index(each) + 1}" for each in question["items"]]
    )
    body, interaction = _body(question, "orderInteraction", shuffle="true")
    _choices(interaction, [(f"o{number}", text) for number, text in enumerate(shown, 1)])
    return body


def _open(made: Element, question: Question) -> Element:
    _declare(made, "single", "string")
    body, _interaction = _body(question, "extendedTextInteraction", expectedLines="5")
    rubric = Element("rubricBlock", view="scorer")
    SubElement(rubric, "p").text = question["expected"]
    body.append(rubric)
    return body


_ITEMS = {
    "choice": _choice, "truefalse": _true_false, "short": _short, "match": _match,
    "order": _order, "open": _open,
}  # fmt: skip
