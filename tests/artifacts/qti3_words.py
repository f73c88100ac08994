"""What the schema of QTI 3 says of the elements we use: a part of it, told in our own words.

The official schema files (XSD) are 1EdTech's, and may not be passed on here. Who has them
holds packages against them with `python -m tests.artifacts.qti_schemas`.
"""

import re
import zipfile
from io import BytesIO
from xml.etree import ElementTree

ITEM_NAMESPACE = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
MANIFEST_NAMESPACE = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
LOM_NAMESPACE = "http://ltsc.ieee.org/xsd/LOM"
XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"

NAME = r"[A-Za-z_][\w.-]*"
TRUTH, NUMBER, WHOLE, ANY = "true|false", r"-?\d+(\.\d+)?", r"\d+", "(?s:.*)"
RESPONSE = {"response-identifier": NAME}
TEMPLATE = r"https://purl\.imsglobal\.org/spec/qti/v3p0/rptemplates/(match_correct|map_response)"
DECLARATION = {
    "identifier": NAME, "cardinality": "single|multiple|ordered|record",
    "base-type": "identifier|string|float|directedPair",
}  # fmt: skip

# Each element: the order of what is in it, its attributes, those that may be missing.
ITEMS = {
    "qti-assessment-item": (
        "(qti-response-declaration )*(qti-outcome-declaration )*(qti-item-body )?"
        "(qti-response-processing )?",
        {"identifier": NAME, "title": ANY, "adaptive": TRUTH, "time-dependent": TRUTH},
        {XML_LANGUAGE: "[a-z]{2}-[A-Z]{2}", LOCATION: ANY},
    ),
    "qti-response-declaration": ("(qti-correct-response )?(qti-mapping )?", DECLARATION, {}),
    "qti-outcome-declaration": (
        "(qti-default-value )?", DECLARATION, {"external-scored": "human|externalMachine"},
    ),
    "qti-correct-response": ("(qti-value )+", {}, {}),
    "qti-default-value": ("(qti-value )+", {}, {}),
    "qti-value": ("", {}, {}),
    "qti-mapping": ("(qti-map-entry )+", {"default-value": NUMBER}, {}),
    "qti-map-entry": ("", {"map-key": ANY, "mapped-value": NUMBER}, {"case-sensitive": TRUTH}),
    "qti-item-body": ("((p|qti-rubric-block|qti-[a-z]+-interaction|qti-extended-text-interaction) )+", {}, {}),
    "qti-choice-interaction": (
        "(qti-prompt )?(qti-simple-choice )+", {**RESPONSE, "max-choices": WHOLE},
        {"shuffle": TRUTH},
    ),
    "qti-order-interaction": (
        "(qti-prompt )?(qti-simple-choice )+", RESPONSE, {"shuffle": TRUTH},
    ),
    "qti-match-interaction": (
        "(qti-prompt )?(qti-simple-match-set ){2}", RESPONSE,
        {"shuffle": TRUTH, "max-associations": WHOLE},
    ),
    "qti-simple-match-set": ("(qti-simple-associable-choice )*", {}, {}),
    "qti-simple-associable-choice": ("", {"identifier": NAME, "match-max": WHOLE}, {}),
    "qti-simple-choice": ("", {"identifier": NAME}, {}),
    "qti-extended-text-interaction": ("(qti-prompt )?", RESPONSE, {"expected-lines": WHOLE}),
    "qti-text-entry-interaction": ("", RESPONSE, {"expected-length": WHOLE}),
    "qti-prompt": ("", {}, {}),
    "p": ("(qti-text-entry-interaction )?", {}, {}),
    "qti-rubric-block": (
        "qti-content-body ", {"use": "instructions|scoring|navigation", "view": "scorer"}, {},
    ),
    "qti-content-body": ("(p )*", {}, {}),
    "qti-response-processing": ("", {"template": TEMPLATE}, {}),
    "qti-assessment-test": (
        "(qti-outcome-declaration )*(qti-test-part )+(qti-outcome-processing )?",
        {"identifier": NAME, "title": ANY}, {LOCATION: ANY},
    ),
    "qti-test-part": (
        "(qti-assessment-section )+",
        {"identifier": NAME, "navigation-mode": "linear|nonlinear",
         "submission-mode": "individual|simultaneous"}, {},
    ),
    "qti-assessment-section": (
        "(qti-assessment-item-ref )*", {"identifier": NAME, "title": ANY, "visible": TRUTH}, {},
    ),
    "qti-assessment-item-ref": ("(qti-weight )*", {"identifier": NAME, "href": NAME + "/.*"}, {}),
    "qti-weight": ("", {"identifier": NAME, "value": NUMBER}, {}),
    "qti-outcome-processing": ("(qti-set-outcome-value )*", {}, {}),
    "qti-set-outcome-value": ("qti-sum ", {"identifier": NAME}, {}),
    "qti-sum": ("(qti-test-variables )+", {}, {}),
    "qti-test-variables": ("", {"variable-identifier": NAME, "weight-identifier": NAME}, {}),
}  # fmt: skip
MANIFEST = {
    "manifest": ("metadata organizations resources ", {"identifier": NAME}, {}),
    "metadata": ("schema schemaversion (lom )?", {}, {}),
    "schema": ("", {}, {}),
    "schemaversion": ("", {}, {}),
    "lom": ("general ", {}, {}),
    "general": ("(title )?(keyword )*", {}, {}),
    "title": ("string ", {}, {}),
    "keyword": ("string ", {}, {}),
    "string": ("", {}, {}),
    "organizations": ("", {}, {}),
    "resources": ("(resource )*", {}, {}),
    "resource": (
        "(file )*(dependency )*",
        {"identifier": NAME, "type": "imsqti_(item|test)_xmlv3p0", "href": ANY}, {},
    ),
    "file": ("", {"href": ANY}, {}),
    "dependency": ("", {"identifierref": NAME}, {}),
}  # fmt: skip


def wrong_words(package):
    """Say what in a package of QTI 3 its schema would refuse."""
    with zipfile.ZipFile(BytesIO(package)) as files:
        return [
            f"{name}: {problem}"
            for name in files.namelist()
            for problem in _problems(name, ElementTree.fromstring(files.read(name)))
        ]


def _problems(name, root):
    words = MANIFEST if name == "imsmanifest.xml" else ITEMS
    if words is MANIFEST:
        found = [root.findtext(f"{{{MANIFEST_NAMESPACE}}}metadata/{{{MANIFEST_NAMESPACE}}}{each}")
                 for each in ("schema", "schemaversion")]  # fmt: skip
        if found != ["QTI Package", "3.0.0"]:
            yield f"metadata: {found}"
    for element in root.iter():
        yield from _problems_of(element, words)


def _problems_of(element, words):
    namespace, tag = element.tag[1:].split("}")
    if namespace not in (
        {ITEM_NAMESPACE} if words is ITEMS else {MANIFEST_NAMESPACE, LOM_NAMESPACE}
    ):
        yield f"{tag}: in {namespace}"
    if tag not in words:
        yield f"{tag}: unknown"
        return
    order, required, optional = words[tag]
    children = "".join(each.tag.split("}")[1] + " " for each in element)
    if not re.fullmatch(order, children):
        yield f"{tag}: has {children or 'nothing'}"
    for name in required.keys() - element.attrib.keys():
        yield f"{tag}: {name} is missing"
    for name, value in element.attrib.items():
        if not re.fullmatch({**required, **optional}.get(name, "(?!)"), value):
            yield f"{tag}: {name} is {value!r}"
