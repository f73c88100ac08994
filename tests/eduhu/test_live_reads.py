"""What sockets and streams read: the same rows as REST shows, for the same teacher only."""

import uuid

import pytest

from artifacts.models import Artifact
from chats import actions, queries
from chats.models import Chat, Message, Reply
from eduhu import events
from eduhu.db import epoch_ms
from eduhu.errors import IdempotencyKeyReused, NotFound
from teachers.models import TeacherPreferences
from tests.factories import make_chat

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat(teacher):
    return make_chat(teacher)


@pytest.fixture
def reply(teacher, chat):
    question = Message.objects.create(chat=chat, role="user", content="Was ist Licht?")
    return Reply.objects.create(
        chat=chat, teacher=teacher, user_message=question, model="template", provider="template",
        state="complete", text="Eine Welle.",
    )  # fmt: skip


@pytest.fixture(params=["chats", "artifacts", "teacher_preferences"])
def row(request, teacher, chat):
    """A table that sockets follow, a row of it, and where REST shows the row."""
    if request.param == "chats":
        return "chats", chat, f"/api/chats/{chat.pk}"
    if request.param == "artifacts":
        artifact = Artifact.objects.create(
            teacher=teacher, chat=chat, title="Quiz", content="1.", artifact_type="activity"
        )
        return "artifacts", artifact, f"/api/artifacts/{artifact.pk}"
    preferences = TeacherPreferences.objects.create(teacher=teacher, grade_level="6")
    return "teacher_preferences", preferences, "/api/preferences"


def as_json(document):
    return {name: str(v) if isinstance(v, uuid.UUID) else v for name, v in document.items()}


def test_a_socket_shows_a_row_as_rest_does(api, teacher, row):
    table, stored, url = row
    shown = api.get(url).json()
    shown.pop("live_reply", None)
    assert as_json(events.load_row(teacher, table, stored.pk)) == shown


def test_a_socket_shows_no_row_of_anothers_and_none_that_is_gone(teacher, stranger, row):
    table, stored, _url = row
    row_id = stored.pk
    assert events.load_row(stranger, table, row_id) is None
    assert events.load_row(teacher, table, uuid.uuid4()) is None
    stored.delete()
    assert events.load_row(teacher, table, row_id) is None


def test_a_reply_is_read_with_its_question_by_its_owner_only(teacher, stranger, reply):
    found, question = queries.reply_with_question(teacher, reply.pk)
    assert found == reply
    assert question["content"] == "Was ist Licht?"
    assert question["timestamp"] == epoch_ms(reply.user_message.timestamp)
    for read in (queries.reply_with_question, queries.find_reply):
        with pytest.raises(NotFound):
            read(stranger, reply.pk)
        with pytest.raises(NotFound):
            read(teacher, uuid.uuid4())


def test_a_reply_that_went_with_its_chat_is_nothing(chat, reply):
    others = [uuid.uuid4() for _ in range(4)]
    assert queries.reload_replies([*others, reply.pk]) == [reply]
    chat.delete()
    assert queries.reload_replies([reply.pk]) == []


def test_a_repeated_key_finds_the_reply_it_started_while_that_exists(teacher, stranger):
    def ask(who=teacher, body_hash="a" * 64):
        key = actions.RequestKey("my-key-1", body_hash)
        return actions.send_message(teacher=who, question=actions.Question("Hallo"), key=key)

    first = ask()
    assert ask() == first
    assert Message.objects.count() == 1
    with pytest.raises(IdempotencyKeyReused):
        ask(body_hash="b" * 64)
    assert ask(who=stranger) != first
    Chat.objects.filter(pk=first.chat_id).delete()
    with pytest.raises(NotFound):
        ask()
