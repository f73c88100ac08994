"""How many queries each operation of the API takes, with nothing cached: a table to keep small.

Begins and ends of transactions are not counted. A new operation fails until it stands here.
"""

import uuid
from collections import Counter

import pytest
from asgiref.sync import sync_to_async

from artifacts.models import Artifact
from chats.models import Chat, Reply
from eduhu import named_queries
from eduhu.db import new_id
from eduhu.telemetry import request_id
from tests.asgi import ask, reply_engine
from tests.client import ApiClient, api_schema
from tests.eduhu.test_isolation import BESIDE_DJANGO, CALLS, make_world, send, token_for
from tests.factories import PASSWORD, make_messages, make_teacher

MAX_QUERIES = 12
PINNED = {
    "POST /api/auth/login": 2,
    "POST /api/auth/logout": 3,
    "POST /api/auth/logout-all": 3,
    "GET /api/auth/me": 1,
    "GET /api/notices": 0,
    "GET /api/preferences": 3,  # the first look, which makes them
    "PUT /api/preferences": 6,
    "PATCH /api/preferences": 6,
    "GET /api/chats": 2,
    "POST /api/chats": 5,
    "GET /api/chats/{chat_id}": 3,
    "PATCH /api/chats/{chat_id}": 5,
    "DELETE /api/chats/{chat_id}": 11,
    "GET /api/chats/{chat_id}/messages": 3,
    "PATCH /api/messages/{message_id}": 12,
    "GET /api/chats/{chat_id}/analytics": 6,
    "GET /api/topics": 1,
    "GET /api/analytics/summary": 3,
    "GET /api/messages/{message_id}/feedback": 2,
    "PUT /api/messages/{message_id}/feedback": 4,
    "DELETE /api/messages/{message_id}/feedback": 2,  # there is none
    "GET /api/usage": 2,
    "GET /api/analytics": 6,
    "GET /api/insights": 9,
    "GET /api/artifacts": 2,
    "POST /api/artifacts": 4,
    "GET /api/artifacts/{artifact_id}": 2,
    "PATCH /api/artifacts/{artifact_id}": 4,
    "DELETE /api/artifacts/{artifact_id}": 4,
    "POST /api/artifacts/generate": 6,
    "GET /api/artifacts/kinds": 1,
    "GET /api/artifacts/{artifact_id}/versions": 3,
    "GET /api/artifacts/{artifact_id}/versions/{revision}": 2,
    "GET /api/artifacts/{artifact_id}/diff": 3,
    "GET /api/artifacts/{artifact_id}/export": 4,
    "GET /api/artifacts/{artifact_id}/preview": 2,
    "POST /api/artifacts/{artifact_id}/restore": 3,  # what it is already
    "GET /api/memory": 2,
    "POST /api/memory": 5,
    "DELETE /api/memory": 2,
    "PATCH /api/memory/{memory_id}": 3,
    "DELETE /api/memory/{memory_id}": 2,
    "GET /api/chats/{chat_id}/suggestions": 4,
    "GET /api/exports": 2,
    "POST /api/exports": 10,
    "GET /api/exports/{export_id}": 2,
    "DELETE /api/exports/{export_id}": 2,
    "GET /api/exports/{export_id}/file": 3,
    "GET /api/recommendations": 7,
    "PUT /api/recommendations/{item}": 4,
    "DELETE /api/recommendations/{item}": 3,
    "GET /api/starter": 1,
    "GET /api/starter/{slug}": 1,
    "POST /api/starter/{slug}/keep": 6,
    "GET /api/search": 3,
    "GET /api/library": 5,
    "GET /api/library/tags": 2,
    "GET /api/artifacts/{artifact_id}/tags": 3,
    "PUT /api/artifacts/{artifact_id}/tags": 4,
    "PUT /api/artifacts/{artifact_id}/favourite": 4,
    "DELETE /api/artifacts/{artifact_id}/favourite": 3,
    "GET /api/artifacts/{artifact_id}/shares": 3,
    "POST /api/artifacts/{artifact_id}/shares": 6,
    "DELETE /api/artifacts/{artifact_id}/shares/{share_id}": 3,
    "GET /api/collections": 3,
    "POST /api/collections": 6,
    "GET /api/collections/{collection_id}": 6,
    "PATCH /api/collections/{collection_id}": 7,
    "DELETE /api/collections/{collection_id}": 5,
    "PUT /api/collections/{collection_id}/items": 9,
    "PUT /api/collections/{collection_id}/items/{artifact_id}": 4,
    "DELETE /api/collections/{collection_id}/items/{artifact_id}": 3,
    "GET /api/collections/{collection_id}/shares": 3,
    "POST /api/collections/{collection_id}/shares": 6,
    "DELETE /api/collections/{collection_id}/shares/{collection_share_id}": 3,
    "POST /api/realtime/token": 1,  # while nothing is mirrored
    "POST /api/replies/{reply_id}/cancel": 4,
    "POST /api/chat": 6,
    "GET /api/replies/{reply_id}/events": 2,
    "POST /api/replies/{reply_id}/retry": 5,
    "POST /api/replies/{reply_id}/continue": 5,
}
BEGINS_AND_ENDS = ("BEGIN", "COMMIT", "RELEASE", "ROLLBACK", "SAVEPOINT")
# A stream asks its row again when it hears nothing: as often as the machine is slow.
BY_THE_CLOCK = {"replies.reload"}


@pytest.fixture
def counted(monkeypatch):
    """The names of the statements of each request, by its id."""
    found: dict[str, Counter[str]] = {}
    note = named_queries.note

    def count(sql, seconds):
        name = named_queries.name_of(sql)
        if name not in BY_THE_CLOCK and not sql.startswith(BEGINS_AND_ENDS):
            found.setdefault(request_id(), Counter())[name] += 1
        note(sql, seconds)

    monkeypatch.setattr(named_queries, "note", count)
    return found


def crowded_world(rows, state):
    """A teacher with `rows` chats, of which one has as many messages, replies and artifacts."""
    teacher = make_teacher()
    world = make_world(teacher)
    Reply.objects.filter(pk=world.reply_id).update(state=state)
    chat = Chat.objects.get(pk=world.chat_id)
    Chat.objects.bulk_create(Chat(teacher=teacher, title="Optik") for _ in range(rows - 1))
    messages = make_messages(chat, rows - 1)
    more = {"chat": chat, "teacher": teacher}
    Reply.objects.bulk_create(
        Reply(
            user_message=each, model="template", provider="template", state="complete",
            message_id=new_id(), **more,
        )
        for each in messages
    )  # fmt: skip
    Artifact.objects.bulk_create(
        Artifact(message=each, title="Quiz", content="1.", artifact_type="activity", **more)
        for each in messages
    )
    return teacher, world


def body_of(call, teacher):
    is_sign_in = call.path == "/api/auth/login"
    return {"email": teacher.email, "password": PASSWORD} if is_sign_in else call.data


def total(names):
    return names.total() if names else 0


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [10, 100])
def test_the_number_of_queries_is_as_pinned_whatever_the_number_of_rows(counted, rows):
    found = {}
    for call in CALLS:
        if (call.method, call.path) in BESIDE_DJANGO:
            continue
        teacher, world = crowded_world(rows, call.state)
        client, name = ApiClient(teacher), uuid.uuid4().hex
        answer = send(client, call, world, body_of(call, teacher), HTTP_X_REQUEST_ID=name)
        assert answer.status_code == call.status
        found[str(call)] = total(counted.get(name))
    assert found == {name: PINNED.get(name) for name in found}


@pytest.mark.parametrize("rows", [10, 100])
async def test_so_it_is_beside_django(transactional_db, counted, rows):
    found = {}
    for call in CALLS:
        if (call.method, call.path) not in BESIDE_DJANGO:
            continue
        teacher, world = await sync_to_async(crowded_world)(rows, call.state)
        token, name = await sync_to_async(token_for)(teacher), uuid.uuid4().hex
        async with reply_engine():
            answer = await ask(
                call.method, world.fill(call.path), call.data, token=token,
                headers={"x-request-id": name},
            )  # fmt: skip
        assert answer.status == call.status
        found[str(call)] = total(counted.get(name))
    assert found == {name: PINNED.get(name) for name in found}


def test_every_operation_is_pinned_and_takes_few_queries():
    documented = {
        f"{method.upper()} {path}"
        for path, operations in api_schema()["paths"].items()
        for method in operations
    }
    assert set(PINNED) == documented
    assert max(PINNED.values()) <= MAX_QUERIES
