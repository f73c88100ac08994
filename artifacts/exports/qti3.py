"""QTI 3: the same package as of QTI 2.1, in the words of version 3.

Version 3 writes the words of version 2 in kebab case (`responseIdentifier` became
`response-identifier`), puts `qti-` before all elements but those of HTML, and says a little
more of what people mark.
"""

import re
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from artifacts.exports.qti_items import TEMPLATES
from artifacts.exports.qti_package import Version, package

_TEMPLATES = "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/"
_SCHEMAS = "https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/"
_HTML = {"p"}
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def write(title: str, quiz: dict[str, Any], *, is_ai_made: bool) -> bytes:
    """Return a quiz as a QTI 3 package (ZIP)."""
    return package(title, quiz, _VERSION, is_ai_made=is_ai_made)


def _in_version_3(root: Element) -> None:
    is_marked_by_people = root.find(".//extendedTextInteraction") is not None
    for element in list(root.iter()):
        if element.tag == "rubricBlock":
            _move_into_body(element)
        elif element.tag == "outcomeDeclaration" and is_marked_by_people:
            element.set("externalScored", "human")
        elif element.tag == "responseProcessing":
            element.set("template", element.get("template", "").replace(TEMPLATES, _TEMPLATES))
    for element in root.iter():
        if element.tag not in _HTML:
            element.tag = f"qti-{_kebab(element.tag)}"
        named = {_kebab(name): value for name, value in element.attrib.items()}
        element.attrib.clear()
        element.attrib.update(named)


def _move_into_body(rubric: Element) -> None:
    """Give a rubric its body, which version 2 does not know, and what it is for."""
    content = list(rubric)
    for each in content:
        rubric.remove(each)
    rubric.set("use", "scoring")
    SubElement(rubric, "contentBody").extend(content)


def _kebab(name: str) -> str:
    return _CAPITAL.sub("-", name).lower()


_VERSION = Version(
    namespace="http://www.imsglobal.org/xsd/imsqtiasi_v3p0",
    schema_file=f"{_SCHEMAS}imsqti_asiv3p0_v1p0.xsd",
    packaging="http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1",
    schema="QTI Package",
    schema_version="3.0.0",
    resource_types={"test": "imsqti_test_xmlv3p0", "item": "imsqti_item_xmlv3p0"},
    spell=_in_version_3,
)
