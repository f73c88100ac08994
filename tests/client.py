"""A client of the API that holds every answer against the OpenAPI document."""

import json
from functools import lru_cache
from typing import Any

from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from knox.models import AuthToken


@lru_cache(maxsize=1)
def api_schema() -> dict[str, Any]:
    """The OpenAPI document, as the server would send it."""
    return json.loads(json.dumps(SchemaGenerator().get_schema(public=True), default=str))


def operation_for(method: str, path: str) -> dict[str, Any]:
    """The documented operation of a request; fails for one that is not documented."""
    parts = path.strip("/").split("/")
    for template, operations in api_schema()["paths"].items():
        wanted = template.strip("/").split("/")
        same = len(wanted) == len(parts) and all(
            name == part or name.startswith("{") for name, part in zip(wanted, parts, strict=True)
        )
        if same and method.lower() in operations:
            return operations[method.lower()]
    raise AssertionError(f"{method} {path} is not in the OpenAPI document")


def validate_answer(method: str, path: str, status: int, content_type: str, body: bytes) -> None:
    """Fail unless the answer is what the document promises."""
    responses = operation_for(method, path)["responses"]
    described = responses.get(str(status), responses["default"])
    assert str(status) in responses or status >= 400, f"undocumented status {status}"
    contents = described.get("content", {})
    if not contents:
        assert body == b""
        return
    media_type = content_type.split(";")[0]
    assert media_type in contents, f"undocumented content type {content_type}"
    if not media_type.endswith("json"):
        return
    schema = {**contents[media_type]["schema"], "components": api_schema()["components"]}
    Draft202012Validator(schema).validate(json.loads(body))


class ApiClient(Client):
    """Speaks JSON with a bearer token; every answer under /api/ is validated."""

    def __init__(self, teacher=None, **defaults):
        super().__init__(raise_request_exception=False, **defaults)
        if teacher is not None:
            _auth, token = AuthToken.objects.create(teacher)
            self.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"

    def request(self, **environ):
        response = super().request(**environ)
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        is_ours = path.startswith("/api/") and path not in {"/api/schema", "/api/docs"}
        if is_ours and response.status_code != 405 and method not in {"OPTIONS", "HEAD"}:
            validate_answer(
                method, path, response.status_code, response.get("Content-Type", ""),
                response.content,
            )  # fmt: skip
        return response

    def send(self, method, path, data=None, **extra):
        """Send `data` as JSON (bytes as they are)."""
        body = data if isinstance(data, bytes) else json.dumps(data) if data is not None else ""
        return self.generic(method, path, body, content_type="application/json", **extra)
