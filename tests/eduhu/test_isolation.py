"""Who may do what: every operation of the API, as everybody who might ask.

A new operation fails `test_the_table_covers_the_whole_api` until it stands here.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, fields

import pytest
from asgiref.sync import sync_to_async
from knox.models import AuthToken

from artifacts.exporting.models import LongExport
from artifacts.library.models import Collection, CollectionItem, Favourite, Share, Tag
from artifacts.models import Artifact, ArtifactVersion
from chats.models import Chat, Message, Reply
from eduhu.db import now
from eduhu.routes import ROUTES
from teachers.memory.models import Memory
from teachers.models import TeacherPreferences
from tests.asgi import ask, reply_engine
from tests.client import ApiClient, api_schema
from tests.factories import PASSWORD, make_chat, make_teacher

pytestmark = pytest.mark.django_db

PUBLIC, OWN, LIST, ROW = "public", "own account", "list", "row"
MATERIAL = {"title": "Quiz", "content": "1.", "artifact_type": "activity"}
QUESTION = {"content": "Was ist Licht?"}
WISH = {"kind": "quiz", "topic": "Licht"}
FEEDBACK = "/api/messages/{message_id}/feedback"
COLLEAGUE = {"email": "colleague@eduhu.example"}
IN_ORDER = {"artifact_ids": ["{artifact_id}"]}
STARTER = "klassenregeln-gemeinsam"


@dataclass(frozen=True)
class Call:
    """One operation. `scope` says what others get: public, own account, list or row."""

    method: str
    path: str
    scope: str
    status: int
    data: dict | None = None
    state: str = "complete"  # of the reply the call is about
    if_match: bool = False  # whether the call has to say what it changes
    query: str = ""

    def __str__(self):
        return f"{self.method} {self.path}"


CALLS = [
    Call("POST", "/api/auth/login", PUBLIC, 200),
    Call("POST", "/api/auth/logout", OWN, 204),
    Call("POST", "/api/auth/logout-all", OWN, 204),
    Call("GET", "/api/auth/me", OWN, 200),
    Call("GET", "/api/notices", PUBLIC, 200),
    Call("GET", "/api/preferences", OWN, 200),
    Call("PUT", "/api/preferences", OWN, 200, {"grade_level": "6"}),
    Call("PATCH", "/api/preferences", OWN, 200, {"grade_level": "6"}),
    Call("POST", "/api/realtime/token", OWN, 404),  # off here; on in tests/mirror/test_realtime.py
    Call("GET", "/api/chats", LIST, 200),
    Call("POST", "/api/chats", OWN, 201, {"title": "Optik"}),
    Call("GET", "/api/chats/{chat_id}", ROW, 200),
    Call("PATCH", "/api/chats/{chat_id}", ROW, 200, {"title": "Neu"}),
    Call("DELETE", "/api/chats/{chat_id}", ROW, 204),
    Call("GET", "/api/chats/{chat_id}/messages", ROW, 200),
    Call("PATCH", "/api/messages/{message_id}", ROW, 200, {"educational_topics": ["other"]}),
    Call("GET", "/api/chats/{chat_id}/analytics", ROW, 200),
    Call("GET", "/api/topics", OWN, 200),
    Call("GET", "/api/analytics/summary", OWN, 200),
    Call("GET", FEEDBACK, ROW, 200),
    Call("PUT", FEEDBACK, ROW, 200, {"value": "up"}),
    Call("DELETE", FEEDBACK, ROW, 204),
    Call("GET", "/api/usage", OWN, 200),
    Call("GET", "/api/analytics", OWN, 200),
    Call("GET", "/api/insights", OWN, 200),
    Call("GET", "/api/artifacts", LIST, 200),
    Call("POST", "/api/artifacts", OWN, 201, MATERIAL),
    Call("GET", "/api/artifacts/{artifact_id}", ROW, 200),
    Call("PATCH", "/api/artifacts/{artifact_id}", ROW, 200, {"title": "Neu"}, if_match=True),
    Call("DELETE", "/api/artifacts/{artifact_id}", ROW, 204),
    Call("POST", "/api/artifacts/generate", OWN, 200, WISH),
    Call("GET", "/api/artifacts/kinds", OWN, 200),
    Call("GET", "/api/artifacts/{artifact_id}/versions", ROW, 200),
    Call("GET", "/api/artifacts/{artifact_id}/versions/{revision}", ROW, 200),
    Call("GET", "/api/artifacts/{artifact_id}/diff", ROW, 200, query="?from=1"),
    Call("GET", "/api/artifacts/{artifact_id}/export", ROW, 200, query="?format=md"),
    Call("GET", "/api/artifacts/{artifact_id}/preview", ROW, 200),
    Call("POST", "/api/artifacts/{artifact_id}/restore", ROW, 200, {"revision": 1}, if_match=True),
    Call("GET", "/api/memory", OWN, 200),
    Call("POST", "/api/memory", OWN, 201, {"text": "Die 7b hat 28 Kinder."}),
    Call("DELETE", "/api/memory", OWN, 204),
    Call("PATCH", "/api/memory/{memory_id}", ROW, 200, {"text": "Neu"}),
    Call("DELETE", "/api/memory/{memory_id}", ROW, 204),
    Call("GET", "/api/chats/{chat_id}/suggestions", ROW, 200),
    Call("GET", "/api/exports", OWN, 200),
    Call("POST", "/api/exports", ROW, 202, {"collection_id": "{collection_id}", "format": "md"}),
    Call("GET", "/api/exports/{export_id}", ROW, 200),
    Call("DELETE", "/api/exports/{export_id}", ROW, 204),
    Call("GET", "/api/exports/{export_id}/file", ROW, 200),
    Call("GET", "/api/recommendations", OWN, 200),
    Call("PUT", "/api/recommendations/{item}", ROW, 204, {"mark": "opened"}),
    Call("DELETE", "/api/recommendations/{item}", ROW, 204),
    Call("GET", "/api/starter", OWN, 200),
    Call("GET", "/api/starter/{slug}", OWN, 200),
    Call("POST", "/api/starter/{slug}/keep", OWN, 201),
    Call("GET", "/api/search", OWN, 200, query="?q=licht"),
    Call("GET", "/api/library", LIST, 200),
    Call("GET", "/api/library/tags", OWN, 200),
    Call("GET", "/api/artifacts/{artifact_id}/tags", ROW, 200),
    Call("PUT", "/api/artifacts/{artifact_id}/tags", ROW, 200, {"tags": ["Optik"]}),
    Call("PUT", "/api/artifacts/{artifact_id}/favourite", ROW, 204),
    Call("DELETE", "/api/artifacts/{artifact_id}/favourite", ROW, 204),
    Call("GET", "/api/artifacts/{artifact_id}/shares", ROW, 200),
    Call("POST", "/api/artifacts/{artifact_id}/shares", ROW, 201, COLLEAGUE),
    Call("DELETE", "/api/artifacts/{artifact_id}/shares/{share_id}", ROW, 204),
    Call("GET", "/api/collections", OWN, 200),
    Call("POST", "/api/collections", OWN, 201, {"name": "Optik"}),
    Call("GET", "/api/collections/{collection_id}", ROW, 200),
    Call("PATCH", "/api/collections/{collection_id}", ROW, 200, {"name": "Neu"}),
    Call("DELETE", "/api/collections/{collection_id}", ROW, 204),
    Call("PUT", "/api/collections/{collection_id}/items", ROW, 200, IN_ORDER),
    Call("PUT", "/api/collections/{collection_id}/items/{artifact_id}", ROW, 204),
    Call("DELETE", "/api/collections/{collection_id}/items/{artifact_id}", ROW, 204),
    Call("GET", "/api/collections/{collection_id}/shares", ROW, 200),
    Call("POST", "/api/collections/{collection_id}/shares", ROW, 201, COLLEAGUE),
    Call("DELETE", "/api/collections/{collection_id}/shares/{collection_share_id}", ROW, 204),
    Call("POST", "/api/replies/{reply_id}/cancel", ROW, 202),
    Call("POST", "/api/chat", OWN, 200, QUESTION),
    Call("GET", "/api/replies/{reply_id}/events", ROW, 200),
    Call("POST", "/api/replies/{reply_id}/retry", ROW, 200),
    Call("POST", "/api/replies/{reply_id}/continue", ROW, 200, state="interrupted"),
]
# Ids of others can also stand in a body or a query.
REFERRING = [
    Call("POST", "/api/artifacts", ROW, 201, {**MATERIAL, "chat_id": "{chat_id}"}),
    Call("POST", "/api/artifacts", ROW, 201, {**MATERIAL, "message_id": "{message_id}"}),
    Call("GET", "/api/recommendations", ROW, 200, query="?chat_id={chat_id}"),
    Call("POST", "/api/chat", ROW, 200, {**QUESTION, "chat_id": "{chat_id}"}),
    Call("POST", "/api/artifacts/generate", ROW, 200, {**WISH, "chat_id": "{chat_id}"}),
]
BESIDE_DJANGO = {(route.method, route.path) for route in ROUTES}


def django_calls(calls, *scopes):
    return [
        pytest.param(call, id=f"{call}{' ' + ' '.join(call.data) if call.data else ''}")
        for call in calls
        if (call.method, call.path) not in BESIDE_DJANGO and call.scope in scopes
    ]


def stream_calls(*scopes):
    return [
        pytest.param(call, id=f"{call}{' ' + ' '.join(call.data) if call.data else ''}")
        for call in CALLS + REFERRING
        if (call.method, call.path) in BESIDE_DJANGO and call.scope in scopes
    ]


@dataclass(frozen=True)
class World:
    """The rows of one teacher, and ids to ask for."""

    chat_id: uuid.UUID
    message_id: uuid.UUID
    reply_id: uuid.UUID
    artifact_id: uuid.UUID
    collection_id: uuid.UUID
    share_id: uuid.UUID
    collection_share_id: uuid.UUID
    memory_id: uuid.UUID
    export_id: uuid.UUID

    def fill(self, value):
        """Put the ids into a path or a body."""
        if isinstance(value, dict):
            return {name: self.fill(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.fill(each) for each in value]
        more = {"revision": 1, "item": self.artifact_id, "slug": STARTER}
        return value.format(**vars(self), **more) if isinstance(value, str) else value

    def rows(self):
        """Everything that is stored, to see that nothing changed."""
        models = (Chat, Message, Reply, Artifact, ArtifactVersion, TeacherPreferences)
        models += (Collection, CollectionItem, Share, Favourite, Tag, Memory, LongExport)
        return {model: list(model.objects.order_by("pk").values()) for model in models}


def make_world(teacher):
    chat = make_chat(teacher, title="Geheim")
    question = Message.objects.create(chat=chat, role="user", content="Geheim")
    message = Message.objects.create(chat=chat, role="assistant", content="Geheim")
    reply = Reply.objects.create(
        chat=chat, teacher=teacher, user_message=question, model="template", provider="template",
        state="complete", text="Geheim", finish_reason="stop",
    )  # fmt: skip
    artifact = Artifact.objects.create(
        teacher=teacher, chat=chat, message=message, title="Geheim", content="1.",
        artifact_type="activity",
    )  # fmt: skip
    return World(chat.pk, message.pk, reply.pk, artifact.pk, *make_library(artifact))


def make_library(artifact):
    """A collection with an artifact, both shared with an address nobody has; and more."""
    owner = artifact.teacher
    collection = Collection.objects.create(teacher=owner, name="Geheim")
    CollectionItem.objects.create(collection=collection, artifact=artifact, position=0)
    shared = {"owner": owner, "email": "nobody@eduhu.example"}
    one = Share.objects.create(artifact=artifact, **shared)
    other = Share.objects.create(collection=collection, **shared)
    memory = Memory.objects.create(teacher=owner, text="Geheim", key="geheim")
    export = LongExport.objects.create(
        teacher=owner, collection_id=collection.pk, name="Geheim", format="md", edition="teacher",
        state="ready", content=b"PK", expires_at=now() + dt.timedelta(days=1),
    )  # fmt: skip
    return collection.pk, one.pk, other.pk, memory.pk, export.pk


def random_world():
    return World(*(uuid.uuid4() for _ in fields(World)))


def deleted_world(teacher):
    world = make_world(teacher)
    Chat.objects.filter(pk=world.chat_id).delete()
    Collection.objects.filter(pk=world.collection_id).delete()
    Memory.objects.filter(pk=world.memory_id).delete()
    LongExport.objects.filter(pk=world.export_id).delete()
    return world


@pytest.fixture
def world(teacher):
    return make_world(teacher)


def send(client, call, world, data=None, **extra):
    if call.if_match:
        extra["HTTP_IF_MATCH"] = "*"
    path = world.fill(call.path + call.query)
    return client.send(call.method, path, world.fill(data or call.data), **extra)


def refused_clients(teacher):
    """Everybody who is nobody, by name."""
    expired, inactive = ApiClient(teacher), ApiClient(make_teacher(is_active=False))
    digest = AuthToken.objects.latest("created").digest
    AuthToken.objects.exclude(digest=digest).update(expiry=now() - dt.timedelta(seconds=1))
    return {
        "anonymous": ApiClient(),
        "wrong token": ApiClient(HTTP_AUTHORIZATION=f"Bearer {'a' * 64}"),
        "expired token": expired,
        "inactive teacher": inactive,
    }


def test_the_table_covers_the_whole_api():
    documented = {
        (method.upper(), path)
        for path, operations in api_schema()["paths"].items()
        for method in operations
    }
    assert {(call.method, call.path) for call in CALLS} == documented


@pytest.mark.parametrize("call", django_calls(CALLS + REFERRING, OWN, LIST, ROW))
def test_the_owner_may(api, world, call):
    assert send(api, call, world).status_code == call.status


@pytest.mark.parametrize("call", django_calls(CALLS, OWN, LIST, ROW))
def test_without_a_valid_token_nothing_is_shown_or_changed(teacher, world, call):
    before = world.rows()
    for name, client in refused_clients(teacher).items():
        answer = send(client, call, world)
        assert answer.status_code == 401, name
        assert answer["WWW-Authenticate"] == "Bearer"
        assert answer.json()["code"] == "not_authenticated"
    assert world.rows() == before


@pytest.mark.parametrize("call", django_calls(CALLS + REFERRING, ROW))
def test_what_is_anothers_looks_like_what_never_was(stranger, stranger_api, world, call):
    gone = deleted_world(stranger)
    before = world.rows()
    bodies = []
    for asked in (world, gone, random_world()):
        answer = send(stranger_api, call, asked)
        assert answer.status_code == 404
        bodies.append({k: v for k, v in answer.json().items() if k != "request_id"})
    assert bodies[0] == bodies[1] == bodies[2]
    assert world.rows() == before


@pytest.mark.parametrize("call", django_calls(CALLS, LIST))
@pytest.mark.parametrize("query", ["", "?archived=true", "?limit=200", "?chat_id={chat_id}"])
def test_lists_hold_nothing_of_others(stranger_api, world, call, query):
    assert stranger_api.get(call.path + world.fill(query)).json() == {"results": [], "next": None}


def test_nobodys_chat_is_shown_to_nobody(api, world):
    Chat.objects.update(teacher=None)
    Artifact.objects.update(teacher=None)
    staff = ApiClient(make_teacher(is_staff=True, is_superuser=True))
    for client in (api, staff):
        assert client.get("/api/chats").json()["results"] == []
        assert client.get(f"/api/chats/{world.chat_id}").status_code == 404
        assert client.get(f"/api/chats/{world.chat_id}/messages").status_code == 404
        assert client.get("/api/artifacts").json()["results"] == []
        assert client.get(f"/api/artifacts/{world.artifact_id}").status_code == 404


def test_staff_see_only_their_own_rows_through_the_api(world):
    staff = ApiClient(make_teacher(is_staff=True, is_superuser=True))
    assert staff.get("/api/chats").json()["results"] == []
    assert staff.get(f"/api/chats/{world.chat_id}").status_code == 404


@pytest.mark.parametrize("how", ["same title", "other title"])
@pytest.mark.parametrize("path", ["/api/chats", "/api/artifacts"])
def test_an_id_of_anothers_cannot_be_taken_over(stranger_api, world, path, how):
    before = world.rows()
    own_id = world.chat_id if path == "/api/chats" else world.artifact_id
    title = "Geheim" if how == "same title" else "Neu"
    answer = stranger_api.send("POST", path, {**MATERIAL, "id": str(own_id), "title": title})
    assert answer.status_code == 409
    assert "Geheim" not in answer.json()["detail"]
    assert world.rows() == before


def test_preferences_are_ones_own(api, stranger_api):
    api.send("PUT", "/api/preferences", {"grade_level": "6"})
    stranger_api.send("PUT", "/api/preferences", {"grade_level": "9"})
    assert api.get("/api/preferences").json()["grade_level"] == "6"


def test_signing_in_needs_no_token_and_minds_no_wrong_one(teacher):
    body = {"email": teacher.email, "password": PASSWORD}
    for client in (ApiClient(), ApiClient(HTTP_AUTHORIZATION="Bearer wrong")):
        assert client.send("POST", "/api/auth/login", body).status_code == 200


# --- The same for what stands beside Django --------------------------------------------------


def token_for(teacher, **fields):
    return AuthToken.objects.create(teacher, **fields)[1]


@pytest.mark.parametrize("call", stream_calls(OWN, ROW))
async def test_the_owner_may_stream(teacher, call):
    @sync_to_async
    def prepare():
        world = make_world(teacher)
        Reply.objects.update(state=call.state)
        return world, token_for(teacher)

    world, token = await prepare()
    async with reply_engine():
        answer = await ask(call.method, world.fill(call.path), world.fill(call.data), token=token)
    assert answer.status == call.status
    assert answer.frames()[-1]["type"] == "done"


@pytest.mark.parametrize("call", stream_calls(OWN, ROW))
async def test_without_a_valid_token_nothing_is_streamed(teacher, call):
    @sync_to_async
    def prepare():
        return make_world(teacher), {
            "anonymous": None,
            "wrong": "a" * 64,
            "expired": token_for(teacher, expiry=dt.timedelta(seconds=-1)),
            "inactive": token_for(make_teacher(is_active=False)),
        }

    world, tokens = await prepare()
    before = await sync_to_async(world.rows)()
    for token in tokens.values():
        answer = await ask(call.method, world.fill(call.path), world.fill(call.data), token=token)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["code"] == "not_authenticated"
    assert await sync_to_async(world.rows)() == before


@pytest.mark.parametrize("call", stream_calls(ROW))
async def test_what_is_anothers_is_not_streamed_and_looks_like_what_never_was(
    teacher, stranger, call
):
    @sync_to_async
    def prepare():
        return make_world(teacher), deleted_world(stranger), token_for(stranger)

    world, gone, token = await prepare()
    before = await sync_to_async(world.rows)()
    bodies = []
    for asked in (world, gone, random_world()):
        answer = await ask(call.method, asked.fill(call.path), asked.fill(call.data), token=token)
        assert answer.status == 404
        bodies.append({k: v for k, v in answer.json().items() if k != "request_id"})
    assert bodies[0] == bodies[1] == bodies[2]
    assert await sync_to_async(world.rows)() == before
