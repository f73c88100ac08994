"""Holds QTI packages against the official schema files, which who runs this has fetched.

`python -m tests.artifacts.qti_schemas --version qti3 --items imsqti_asiv3p0_v1p0.xsd
--manifest imsqtiv3p0_imscpv1p2_v1p0.xsd` makes packages of 300 quizzes of all forms, and says
what a schema refuses. The schemas are those of 1EdTech, with all that they import beside them.
"""

import argparse
import os
import sys
import zipfile
from io import BytesIO

import django
from hypothesis import HealthCheck, given, settings
from lxml import etree


def main():
    """Check many packages; leave with 1 when one is refused."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", choices=["qti21", "qti3"], required=True)
    parser.add_argument("--items", required=True, help="the schema of items and tests")
    parser.add_argument("--manifest", required=True, help="the schema of imsmanifest.xml")
    parser.add_argument("--quizzes", type=int, default=300)
    wanted = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eduhu.settings")
    django.setup()
    schemas = {name: etree.XMLSchema(etree.parse(getattr(wanted, name)))
               for name in ("items", "manifest")}  # fmt: skip
    checked = _check(wanted.version, schemas, wanted.quizzes)
    sys.stdout.write(f"{checked} packages of {wanted.version} are valid.\n")


def _check(version, schemas, quizzes):
    from artifacts.exports import export
    from tests.artifacts.documents import documents
    from tests.artifacts.samples import sample

    checked = 0

    def check(document):
        nonlocal checked
        artifact = {"title": "Brüche & <Größen>", "kind": "quiz", "content": document}
        _refuse_invalid(export(artifact, version, "teacher", is_ai_made=True).content, schemas)
        checked += 1

    check(sample("quiz"))
    settings(max_examples=quizzes, deadline=None, database=None,
             suppress_health_check=list(HealthCheck))(given(documents("quiz"))(check))()  # fmt: skip
    return checked


def _refuse_invalid(content, schemas):
    with zipfile.ZipFile(BytesIO(content)) as package:
        for name in package.namelist():
            schema = schemas["manifest" if name == "imsmanifest.xml" else "items"]
            root = etree.fromstring(package.read(name))
            if not schema.validate(root):
                raise SystemExit(f"{name}: {schema.error_log}\n{etree.tostring(root).decode()}")


if __name__ == "__main__":
    main()
