"""Every way to write × everything cached: the next read shows what was written."""

import json

import pytest
from django.core import serializers
from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext

from artifacts.actions import create_artifact, delete_artifact
from artifacts.models import Artifact
from chats.actions import Question, create_chat, delete_chat, send_message
from chats.models import Chat, Message
from chats.providers.base import Usage
from chats.replies import store
from chats.replies.store import Outcome
from eduhu.cache import memory
from teachers.models import TeacherPreferences
from tests.admin import open_text, page, run_action, staff_client
from tests.client import ApiClient
from tests.factories import make_chat, make_messages, make_teacher

pytestmark = pytest.mark.django_db(transaction=True)


class World:
    """A teacher with one of everything, and the reads that show it."""

    def __init__(self):
        self.teacher = make_teacher()
        self.api = ApiClient(self.teacher)
        self.chat = make_chat(self.teacher)
        self.message = make_messages(self.chat, 2)[0]
        self.artifact = Artifact.objects.create(
            teacher=self.teacher, chat=self.chat, title="Optik", content="…",
            artifact_type="worksheet",
        )  # fmt: skip
        self.preferences = TeacherPreferences.objects.create(teacher=self.teacher)
        self.urls = {
            "chats": "/api/chats",
            "chat": f"/api/chats/{self.chat.pk}",
            "messages": f"/api/chats/{self.chat.pk}/messages",
            "artifacts": "/api/artifacts",
            "artifact": f"/api/artifacts/{self.artifact.pk}",
            "preferences": "/api/preferences",
        }

    def read(self, kind):
        answer = self.api.get(self.urls[kind])
        return answer.json() if answer.status_code == 200 else answer.status_code


CHAT, MESSAGES, MATERIAL = (
    {"chats", "chat"},
    {"chats", "chat", "messages"},
    {"artifacts", "artifact"},
)


def rest(method, kind, body=None):
    def write(world):
        answer = world.api.send(method, world.urls[kind], body, HTTP_IF_MATCH="*")
        assert answer.status_code < 300

    return write


def save(name, field):
    def write(world):
        row = getattr(world, name)
        setattr(row, field, "neu")
        row.save()

    return write


def update(model, **values):
    return lambda world: model.objects.update(**values)


def bulk_update(name, field):
    def write(world):
        row = getattr(world, name)
        setattr(row, field, "neu")
        type(row).objects.bulk_update([row], [field])

    return write


def upsert(name, field):
    def write(world):
        row = getattr(world, name)
        setattr(row, field, "neu")
        type(row).objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["id"], update_fields=[field]
        )

    return write


def load_fixture(name, field):
    def write(world):
        row = getattr(world, name)
        row.refresh_from_db()
        [document] = json.loads(serializers.serialize("json", [row]))
        document["fields"][field] = "neu"
        for each in serializers.deserialize("json", json.dumps([document])):
            each.save()

    return write


def admin_action(name):
    return lambda world: run_action(staff_client(), name, world.chat)


def admin_page(name):
    """The form of a row, sent with another title or grade."""

    def write(world):
        row = getattr(world, name)
        url, client = page(type(row), "change", row), staff_client()
        if name != "preferences":
            open_text(client, row)
        form = client.get(url).context["adminform"].form
        fields = {each: form.initial.get(each) for each in form.fields}
        data = {k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in fields.items()}
        key = "grade_level" if name == "preferences" else "title"
        sent = {**{k: v for k, v in data.items() if v is not None}, key: "neu"}
        assert client.post(url, sent).status_code == 302

    return write


def ask_and_answer(world):
    """A question and its reply, as a socket and a reply worker write them."""
    send_message(teacher=world.teacher, question=Question("Was ist Licht?", world.chat.pk))
    [job] = store.claim("w", 5)
    store.finish(job, Outcome("complete", "Eine Welle.", Usage(1, 1), "stop"))


def rolled_back_and_again(world):
    """What a savepoint took back must not take the news of the rest along."""
    with transaction.atomic():
        with transaction.atomic():
            Chat.objects.filter(pk=world.chat.pk).update(title="nie")
            transaction.set_rollback(True)
        Chat.objects.filter(pk=world.chat.pk).update(title="neu")


def to_another(name):
    def write(world):
        row = getattr(world, name)
        row.teacher = make_teacher()
        row.save()

    return write


WRITES = {
    "REST rename": (rest("PATCH", "chat", {"title": "neu"}), CHAT),
    "REST archive": (rest("PATCH", "chat", {"is_archived": True}), CHAT),
    "REST delete chat": (rest("DELETE", "chat"), MESSAGES | MATERIAL),
    "REST create chat": (rest("POST", "chats", {"title": "neu"}), {"chats"}),
    "REST artifact": (rest("PATCH", "artifact", {"title": "neu"}), MATERIAL),
    "REST delete artifact": (rest("DELETE", "artifact"), MATERIAL),
    "REST preferences": (rest("PATCH", "preferences", {"grade_level": "9"}), {"preferences"}),
    "question and reply": (ask_and_answer, MESSAGES),
    "action create": (lambda w: create_chat(teacher=w.teacher, title="neu"), {"chats"}),
    "action delete": (lambda w: delete_chat(teacher=w.teacher, chat_id=w.chat.pk), MESSAGES | MATERIAL),
    "action artifact": (
        lambda w: create_artifact(
            teacher=w.teacher, title="neu", content="", artifact_type="rubric", chat_id=w.chat.pk
        ),
        {"artifacts"},
    ),
    "action delete artifact": (
        lambda w: delete_artifact(teacher=w.teacher, artifact_id=w.artifact.pk), MATERIAL,
    ),
    "save chat": (save("chat", "title"), CHAT),
    "save message": (save("message", "content"), {"messages"}),
    "save artifact": (save("artifact", "title"), MATERIAL),
    "save preferences": (save("preferences", "grade_level"), {"preferences"}),
    "update chats": (update(Chat, title=Concat(F("title"), Value("!"))), CHAT),
    "update messages": (update(Message, content="neu"), {"messages"}),
    "update artifacts": (update(Artifact, title="neu"), MATERIAL),
    "update preferences": (update(TeacherPreferences, grade_level="9"), {"preferences"}),
    "bulk_update chat": (bulk_update("chat", "title"), CHAT),
    "bulk_update message": (bulk_update("message", "content"), {"messages"}),
    "upsert chat": (upsert("chat", "title"), CHAT),
    "upsert message": (upsert("message", "content"), {"messages"}),
    "bulk_create messages": (lambda w: make_messages(w.chat, 3), MESSAGES),
    "bulk_create without the chat": (
        lambda w: Message.objects.bulk_create([Message(chat_id=w.chat.pk, role="user", content="?")]),
        MESSAGES,
    ),
    "delete messages": (lambda w: Message.objects.filter(chat=w.chat).delete(), MESSAGES),
    "import chat": (load_fixture("chat", "title"), CHAT),
    "import message": (load_fixture("message", "content"), {"messages"}),
    "import artifact": (load_fixture("artifact", "title"), MATERIAL),
    "import preferences": (load_fixture("preferences", "grade_level"), {"preferences"}),
    "admin action": (admin_action("archive"), CHAT),
    "admin chat": (admin_page("chat"), CHAT),
    "admin artifact": (admin_page("artifact"), MATERIAL),
    "admin preferences": (admin_page("preferences"), {"preferences"}),
    "savepoint": (rolled_back_and_again, CHAT),
    "chat changes hands": (to_another("chat"), MESSAGES),
    "artifact changes hands": (to_another("artifact"), MATERIAL),
}  # fmt: skip


# Some at a time: each test empties the database, which takes as long as its writes.
@pytest.mark.parametrize("first", range(0, len(WRITES), 8))
@pytest.mark.claim(49, 61, 124)
def test_the_next_read_shows_the_write_and_other_kinds_stay_warm(first, settings):
    for path, (write, changes) in list(WRITES.items())[first : first + 8]:
        world = World()
        before = {kind: world.read(kind) for kind in world.urls}
        write(world)
        for kind in world.urls:
            with CaptureQueriesContext(connection) as queries:
                shown = world.read(kind)
            assert (shown != before[kind]) == (kind in changes), (path, kind)
            if kind in changes:
                memory.forget_everything()
                from_shared = world.read(kind)
                settings.CACHE_TIERS = "off"
                assert shown == from_shared == world.read(kind), (path, kind)
                settings.CACHE_TIERS = "on"
            elif not path.startswith("upsert"):  # which might have inserted
                assert len(queries) == 0, (path, kind)
