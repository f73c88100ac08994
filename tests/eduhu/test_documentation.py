"""The API is described where people read: in the OpenAPI document and in the code."""

import json
import re
import subprocess
import sys

import pytest
from django.urls import URLPattern, get_resolver

from eduhu.routes import ROUTES
from tests.client import api_schema
from tests.processes import ROOT

PACKAGES = ["eduhu", "teachers", "chats", "artifacts", "monitoring"]
UNDESCRIBED = {"api/schema", "api/docs"}  # they are the description


def django_paths(patterns=None, prefix=""):
    """The paths of all views, as Django writes them."""
    for entry in patterns or get_resolver().url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield path
        else:
            yield from django_paths(entry.url_patterns, path)


def as_template(path):
    return "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", path)


@pytest.mark.claim(83, 115)
def test_every_path_of_the_api_is_in_the_document():
    served = {as_template(path) for path in django_paths()
              if path.startswith("api/") and path not in UNDESCRIBED}  # fmt: skip
    assert served | {route.path for route in ROUTES} == set(api_schema()["paths"])


@pytest.mark.claim(115)
def test_every_operation_says_what_it_does_and_what_it_answers():
    for path, operations in api_schema()["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation.get("summary") or operation.get("description"), where
            assert operation["operationId"], where
            assert "default" in operation["responses"], where
            assert any(status.startswith("2") for status in operation["responses"]), where


def test_operations_have_one_name_each():
    names = [
        operation["operationId"]
        for operations in api_schema()["paths"].values()
        for operation in operations.values()
    ]
    assert len(names) == len(set(names))


@pytest.mark.django_db
def test_the_document_and_its_page_are_served_without_the_network(client):
    document = client.get("/api/schema", headers={"accept": "application/vnd.oai.openapi+json"})
    assert document.status_code == 200
    assert json.loads(document.content)["openapi"].startswith("3.1")
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert "https://" not in page.content.decode().replace("https://www.w3.org", "")


@pytest.mark.claim(115)
def test_everything_public_has_a_docstring():
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "D100,D101,D102,D103,D104", *PACKAGES],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
