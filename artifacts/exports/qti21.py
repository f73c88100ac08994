"""QTI 2.1: a package of items and a test, for learning platforms other than Moodle."""

from typing import Any

from artifacts.exports.qti_package import Version, package

_VERSION = Version(
    namespace="http://www.imsglobal.org/xsd/imsqti_v2p1",
    schema_file="http://www.imsglobal.org/xsd/qti/qtiv2p1/imsqti_v2p1.xsd",
    packaging="http://www.imsglobal.org/xsd/imscp_v1p1",
    schema="QTIv2.1 Package",
    schema_version="1.0.0",
    resource_types={"test": "imsqti_test_xmlv2p1", "item": "imsqti_item_xmlv2p1"},
)


def write(title: str, quiz: dict[str, Any], *, is_ai_made: bool) -> bytes:
    """Return a quiz as a QTI 2.1 package (ZIP)."""
    return package(title, quiz, _VERSION, is_ai_made=is_ai_made)
