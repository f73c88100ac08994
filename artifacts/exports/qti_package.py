"""What a QTI package is, in any version: a manifest, a test, and an item for each question.

It is made in the words of QTI 2.1; a version that has others spells it anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from artifacts.exports.marks import AI_KEYWORD, AI_SOURCE, language_tag
from artifacts.exports.qti_items import item, item_id
from artifacts.exports.questions import Question

_LOM = "http://ltsc.ieee.org/xsd/LOM"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_WHEN = (1980, 1, 1, 0, 0, 0)  # the same quiz is the same package


@dataclass(frozen=True, slots=True)
class Version:
    """What makes a package one of a version of QTI: its namespaces, names and spelling."""

    namespace: str
    schema_file: str
    packaging: str  # the namespace of the manifest
    schema: str
    schema_version: str
    resource_types: Mapping[str, str]
    spell: Callable[[Element], None] = lambda root: None  # turns the words of 2.1 into its own


def package(title: str, quiz: dict[str, Any], version: Version, *, is_ai_made: bool) -> bytes:
    """Return a quiz as a package (ZIP); the same quiz is the same bytes."""
    questions, language = quiz["questions"], language_tag(quiz["language"])
    files = {"test.xml": _test(title, questions)}
    files |= {_path(question): item(question, language) for question in questions}
    for root in files.values():
        version.spell(root)
        root.set("xmlns", version.namespace)
        root.set("xmlns:xsi", _XSI)
        root.set("xsi:schemaLocation", f"{version.namespace} {version.schema_file}")
    files["imsmanifest.xml"] = _manifest(title, questions, version, is_ai_made=is_ai_made)
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        for name, root in sorted(files.items()):
            indent(root)
            content = tostring(root, encoding="utf-8", xml_declaration=True)
            archive.writestr(ZipInfo(name, _WHEN), content, ZIP_DEFLATED)
    return written.getvalue()


def _path(question: Question) -> str:
    return f"items/{item_id(question)}.xml"


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


def _manifest(
    title: str, questions: list[Question], version: Version, *, is_ai_made: bool
) -> Element:
    root = Element("manifest", identifier="manifest", xmlns=version.packaging)
    metadata = SubElement(root, "metadata")
    SubElement(metadata, "schema").text = version.schema
    SubElement(metadata, "schemaversion").text = version.schema_version
    general = SubElement(SubElement(metadata, "lom", xmlns=_LOM), "general")
    SubElement(SubElement(general, "title"), "string").text = title
    if is_ai_made:
        for word in (AI_KEYWORD, AI_SOURCE):
            SubElement(SubElement(general, "keyword"), "string").text = word
    SubElement(root, "organizations")
    resources = SubElement(root, "resources")
    test = _resource(resources, "test", version.resource_types["test"], "test.xml")
    for question in questions:
        name = item_id(question)
        SubElement(test, "dependency", identifierref=name)
        _resource(resources, name, version.resource_types["item"], _path(question))
    return root


def _resource(resources: Element, name: str, kind: str, path: str) -> Element:
    made = SubElement(resources, "resource", identifier=name, type=kind, href=path)
    SubElement(made, "file", href=path)
    return made
