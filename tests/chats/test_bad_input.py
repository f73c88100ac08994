"""What is no good request gets a clear 4xx on every path that takes a body, and stores nothing."""

import pytest

from artifacts.models import Artifact
from chats.models import Chat
from teachers.models import TeacherPreferences
from tests.factories import make_chat

pytestmark = pytest.mark.django_db

MEGABYTE = 1024 * 1024
WRITES = [
    ("POST", "/api/auth/login", "email"),
    ("PUT", "/api/preferences", "grade_level"),
    ("PATCH", "/api/preferences", "grade_level"),
    ("POST", "/api/chats", "title"),
    ("PATCH", "/api/chats/{chat_id}", "title"),
    ("POST", "/api/artifacts", "content"),
    ("PATCH", "/api/artifacts/{artifact_id}", "content"),
]
BODIES = {
    "not json": (b"title=Optik", 400, "malformed_body"),
    "cut": (b'{"%s": "Opt', 400, "malformed_body"),
    "two values": (b'{"%s": "Optik"} {}', 400, "malformed_body"),
    "nan": (b'{"%s": NaN}', 400, "malformed_body"),
    "infinity": (b'{"%s": Infinity}', 400, "malformed_body"),
    "lone surrogate": (b'{"%s": "\\ud800"}', 400, "malformed_body"),
    "half a pair": (b'{"%s": "\\udc00\\ud800"}', 400, "malformed_body"),
    "not utf-8": (b'{"%s": "\xff\xfe"}', 400, "malformed_body"),
    "utf-16": ('{"%s": "Optik"}'.encode("utf-16"), 400, "malformed_body"),
    "nul": (b'{"%s": "a\\u0000b"}', 400, "invalid_input"),
    "nul as a byte": (b'{"%s": "a\x00b"}', 400, "malformed_body"),
    "nul in a name": (b'{"%s": "x", "a\\u0000b": 1}', 400, "invalid_input"),
    "nul deep inside": (
        b'{"%s": ' + b'{"a":' * 900 + b'"\\u0000"' + b"}" * 901, 400, "invalid_input",
    ),
    "deep": (b'{"%s": ' + b"[" * 100_000, 400, "malformed_body"),
    "deep but whole": (b'{"%s": ' + b"[" * 900 + b"]" * 900 + b"}", 400, "invalid_input"),
    "list": (b'["%s"]', 400, "invalid_input"),
    "text": (b'"%s"', 400, "invalid_input"),
    "number": (b"7 ", 400, "invalid_input"),
    "null": (b"null", 400, "invalid_input"),
    "object for text": (b'{"%s": {"de": "Optik"}}', 400, "invalid_input"),
    "10 MB": (b'{"%s": "' + b"x" * 10 * MEGABYTE + b'"}', 413, "payload_too_large"),
}  # fmt: skip


@pytest.fixture
def ids(teacher):
    chat = make_chat(teacher)
    artifact = Artifact.objects.create(
        teacher=teacher, title="Quiz", content="1.", artifact_type="activity"
    )
    TeacherPreferences.objects.create(teacher=teacher, grade_level="6")
    return {"chat_id": chat.pk, "artifact_id": artifact.pk}


def rows():
    return [list(model.objects.values()) for model in (Chat, Artifact, TeacherPreferences)]


@pytest.mark.parametrize(("method", "path", "field"), WRITES)
@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_and_nothing_is_stored(api, ids, method, path, field, name):
    body, status, code = BODIES[name]
    before = rows()
    body = body.replace(b"%s", field.encode())
    answer = api.send(method, path.format(**ids), body, HTTP_IF_MATCH="*")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["error"] == answer.json()["detail"]
    assert rows() == before


@pytest.mark.parametrize(("method", "path", "field"), WRITES)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""]
)
def test_a_body_that_does_not_call_itself_json_is_refused(api, ids, method, path, field, kind):
    before = rows()
    body = b'{"%s": "Optik"}' % field.encode()
    answer = api.generic(method, path.format(**ids), body, content_type=kind)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert rows() == before


def test_json_with_a_charset_is_json(api):
    answer = api.generic(
        "POST", "/api/chats", b'{"title": "Optik"}', content_type="application/json; charset=utf-8"
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "value",
    [7.5, {}, [], "x", "", "0" * 31, "01890a5d-ac96-774b-bcce-b302099a80570", -1, 10**40, "ü" * 36],
)
@pytest.mark.parametrize("path", ["/api/chats", "/api/artifacts"])
def test_an_id_that_is_no_uuid_is_refused(api, path, value):
    fields = {"title": "Quiz", "content": "1.", "artifact_type": "activity", "id": value}
    answer = api.send("POST", path, fields)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["id"]
    assert not Chat.objects.exists()
    assert not Artifact.objects.exists()
