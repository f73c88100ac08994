"""QTI 2.1: a package of items and a test, for learning platforms other than Moodle."""

from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from artifacts.exports.marks import AI_KEYWORD, AI_SOURCE, language_tag
from artifacts.exports.qti21_items import item, item_id
from artifacts.exports.questions import Question

_QTI = "http://www.imsglobal.org/xsd/imsqti_v2p1"
_CP = "http://www.imsglobal.org/xsd/imscp_v1p1"
_LOM = "http://ltsc.ieee.org/xsd/LOM"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_LOCATION = f"{_QTI} http://www.imsglobal.org/xsd/qti/qtiv2p1/imsqti_v2p1.xsd"
_WHEN = (1980, 1, 1, 0, 0, 0)  # the same quiz is the same package


def write(title: str, quiz: dict[str, Any], *, is_ai_made: bool) -> bytes:
    """Return a quiz as a QTI package (ZIP): a manifest, a test, and an item per question."""
    files = {"test.xml": _test(title, quiz["questions"])}
    language = language_tag(quiz["language"])
    for question in quiz["questions"]:
        files[_path(question)] = item(question, language)
    files = {name: _as_qti(root) for name, root in files.items()}
    files["imsmanifest.xml"] = _manifest(title, quiz["questions"], is_ai_made=is_ai_made)
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as package:
        for name, root in sorted(files.items()):
            indent(root)
            content = tostring(root, encoding="utf-8", xml_declaration=True)
            package.writestr(ZipInfo(name, _WHEN), content, ZIP_DEFLATED)
    return written.getvalue()


def _path(question: Question) -> str:
    return f"items/{item_id(question)}.xml"


def _as_qti(root: Element) -> Element:
    root.set("xmlns", _QTI)
    root.set("xmlns:xsi", _XSI)
    root.set("xsi:schemaLocation", _LOCATION)
    return root


def _test(title: str, questions: list[Question]) -> Element:
    """Return the test; an item is right or wrong, and its weight is the points."""
    test = Element("assessmentTest", identifier="test", title=title)
    SubElement(
        SubElement(
            test, "outcomeDeclaration", identifier="SCORE", cardinality="single", baseType="float"
        ),
        "defaultValue",
    ).append(_value("0"))
    part = SubElement(
        test, "testPart", identifier="part", navigationMode="nonlinear",
        submissionMode="simultaneous",
    )  # fmt: skip
    section = SubElement(
        part, "assessmentSection", identifier="section", title=title, visible="true"
    )
    for question in questions:
        made = SubElement(
            section, "assessmentItemRef", identifier=item_id(question), href=_path(question)
        )
        SubElement(made, "weight", identifier="POINTS", value=str(question["points"]))
    outcome = SubElement(SubElement(test, "outcomeProcessing"), "setOutcomeValue")
    outcome.set("identifier", "SCORE")
    total = SubElement(outcome, "sum")
    SubElement(total, "testVariables", variableIdentifier="SCORE", weightIdentifier="POINTS")
    return test


def _value(text: str) -> Element:
    value = Element("value")
    value.text = text
    return value


def _manifest(title: str, questions: list[Question], *, is_ai_made: bool) -> Element:
    root = Element("manifest", identifier="manifest", xmlns=_CP)
    metadata = SubElement(root, "metadata")
    SubElement(metadata, "schema").text = "QTIv2.1 Package"
    SubElement(metadata, "schemaversion").text = "1.0.0"
    general = SubElement(SubElement(metadata, "lom", xmlns=_LOM), "general")
    SubElement(SubElement(general, "title"), "string").text = title
    if is_ai_made:
        for word in (AI_KEYWORD, AI_SOURCE):
            SubElement(SubElement(general, "keyword"), "string").text = word
    SubElement(root, "organizations")
    resources = SubElement(root, "resources")
    test = _resource(resources, "test", "imsqti_test_xmlv2p1", "test.xml")
    for question in questions:
        name = item_id(question)
        SubElement(test, "dependency", identifierref=name)
        _resource(resources, name, "imsqti_item_xmlv2p1", _path(question))
    return root


def _resource(resources: Element, name: str, kind: str, path: str) -> Element:
    made = SubElement(resources, "resource", identifier=name, type=kind, href=path)
    SubElement(made, "file", href=path)
    return made
