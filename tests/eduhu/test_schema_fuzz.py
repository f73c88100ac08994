"""Requests made from the OpenAPI document, good and bad, to a real server: answers conform, no 5xx."""

import itertools
import json

import pytest
import requests

from tests.client import api_schema
from tests.live import live_server

pytestmark = [pytest.mark.claim(83), pytest.mark.claim(115)]

METHODS = {"get", "post", "put", "patch", "delete"}
MAKE_TOKENS = """
import json
from django.db import transaction
from knox.models import AuthToken
from teachers.models import Teacher
with transaction.atomic():
    teachers = [Teacher.objects.create_user(f"fuzz{n}@eduhu.example") for n in range(100)]
    print(json.dumps([AuthToken.objects.create(each)[1] for each in teachers]))
"""
QUESTION = {"content": "Was ist Licht?"}
MATERIAL = {"title": "Quiz", "content": "1.", "artifact_type": "activity"}
COLLEAGUE = {"email": "colleague@eduhu.example"}
IDS = ("artifact_id", "collection_id")  # what other things are made of


class Service:
    """A real server, and teachers who have signed in."""

    def __init__(self, server):
        self.server = server
        self.url = server.url
        printed = server.manage("shell", "-v0", "-c", MAKE_TOKENS)
        self._token, *rest = json.loads(printed.splitlines()[-1])
        self._tokens_to_spend = iter(rest)
        self._numbers = itertools.count()
        self.session = requests.Session()

    def sign_in(self, case):
        """A token for a request; one that signs out must not spoil the others."""
        signs_out = "logout" in case.path
        return {
            "Authorization": f"Bearer {next(self._tokens_to_spend) if signs_out else self._token}"
        }

    def make_sense(self, case, headers):
        """Let every second case find its row, or ask something; at random none would."""
        if next(self._numbers) % 2:
            for name in case.path_parameters or {}:
                case.path_parameters[name] = self._make(name, headers)
            if case.path == "/api/chat":
                case.body, case.headers = QUESTION, {}
            if case.path == "/api/artifacts/generate":
                case.body, case.headers = {"kind": "quiz", "topic": "Licht"}, {}

    def _make(self, name, headers):
        """Make what an id in a path names, and return the id."""
        if name == "revision":
            return 1
        if name == "slug":
            return "klassenregeln-gemeinsam"
        if name == "item":
            return self._make("artifact_id", headers)
        if name in {"reply_id", "message_id"}:
            frames = self._post("/api/chat", QUESTION, headers).text.splitlines()
            return json.loads(next(each for each in frames if each.startswith("data: "))[6:])[name]
        path, body = {
            "chat_id": ("/api/chats", {}),
            "artifact_id": ("/api/artifacts", MATERIAL),
            "memory_id": ("/api/memory", {"text": "Die 7b mag Experimente."}),
            "collection_id": ("/api/collections", {"name": "Optik"}),
            "share_id": ("/api/artifacts/{artifact_id}/shares", COLLEAGUE),
            "collection_share_id": ("/api/collections/{collection_id}/shares", COLLEAGUE),
            "export_id": ("/api/exports", {"collection_id": "{collection_id}", "format": "md"}),
        }[name]
        made = {each: self._make(each, headers) for each in IDS if each in f"{path}{body}"}
        body = {key: value.format(**made) for key, value in body.items()}
        if name == "export_id":  # an archive of nothing is refused
            item = self._make("artifact_id", headers)
            url = f"{self.url}/api/collections/{made['collection_id']}/items/{item}"
            self.session.put(url, headers=headers, timeout=30).raise_for_status()
        answer = self._post(path.format(**made), body, headers)
        if answer.status_code == 429:  # three archives are being made
            answer = self.session.get(self.url + path, headers=headers, timeout=30)
            return answer.json()["results"][0]["id"]
        return answer.json()["id"]

    def _post(self, path, body, headers):
        return self.session.post(self.url + path, json=body, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def service():
    with live_server(TEMPLATE_WORD_DELAY_MS="0", LOGIN_FAILURE_RATE="off") as server:
        service = Service(server)
        yield service
        service.session.close()
        assert "unexpected error" not in server.log.read_text()


class Fuzz:
    """Runs a check on many requests of an operation: examples, edge cases, chance.

    Imported and made here, and not by schemathesis' plugin for pytest, as that makes the
    requests of all operations in every process that collects tests.
    """

    def __init__(self):
        import hypothesis
        import schemathesis
        from schemathesis.specs.openapi import checks

        self.settings = hypothesis.settings(
            max_examples=12,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        self.schema = schemathesis.openapi.from_dict(api_schema())
        self.checks = [
            schemathesis.checks.not_a_server_error,
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_headers_conformance,
        ]
        self.body_check = checks.response_schema_conformance

    def run(self, path, method, check):
        """Call `check(case)` for each request."""
        from schemathesis.generation.hypothesis import builder

        config = builder.HypothesisTestConfig(
            project=self.schema.config,
            modes=list(builder.HypothesisTestMode),
            settings=self.settings,
        )
        operation = self.schema[path][method]
        builder.create_test(operation=operation, test_func=check, config=config)()


@pytest.fixture(scope="module")
def fuzz():
    return Fuzz()


def operations():
    for path, operations in api_schema()["paths"].items():
        for method in METHODS & operations.keys():
            yield pytest.param(path, method, id=f"{method.upper()} {path}")


@pytest.mark.parametrize(("path", "method"), sorted(operations(), key=lambda each: each.id))
def test_the_answer_is_what_the_document_says(service, fuzz, path, method):
    def check(case):
        headers = service.sign_in(case)
        service.make_sense(case, headers)
        answer = case.call(base_url=service.url, session=service.session, headers=headers)
        is_stream = "text/event-stream" in str(answer.headers.get("content-type"))
        # The document describes a stream as one text; what is in it, the tests of streams say.
        case.validate_response(
            answer, checks=fuzz.checks if is_stream else [*fuzz.checks, fuzz.body_check]
        )

    fuzz.run(path, method, check)
