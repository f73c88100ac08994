"""Statements that are built once do what the ORM does, and are seen as its own."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.db.models.sql.compiler import SQLCompiler

from chats.models import Chat, Message
from eduhu.compiled import Param, Select, Update, insert
from eduhu.db import new_id, now
from eduhu.mirror.models import OutboxEntry
from eduhu.named_queries import timings
from tests.factories import make_chat, make_teacher

pytestmark = pytest.mark.django_db

OF_CHAT = Message.objects.select_related("chat__teacher").order_by("timestamp")
WITH_CHAT = Select(OF_CHAT.filter(chat_id=Param(Message, "chat")))
TOPICS = Select(
    Message.objects.filter(timestamp__lte=Param(Message, "timestamp", "latest"))
    .order_by("timestamp")
    .values_list("id", "timestamp", "educational_topics", "token_count_estimated")
)
COUNT = Update(
    Message.objects.filter(pk=Param(Message, "id")),
    token_count=Coalesce(F("token_count"), 0) + Param(Message, "token_count"),
    educational_topics=Param(Message, "educational_topics"),
    response_time_ms=None,
)


def new_message(chat, **fields):
    return Message(**{"chat": chat, "role": "user", "content": "Was ist Licht?", **fields})


@pytest.fixture
def chat():
    return make_chat(make_teacher())


@pytest.fixture
def never_built(monkeypatch):
    """From now on Django builds no SELECT and no UPDATE."""

    def build(self, *args, **kwargs):
        raise AssertionError("a statement was built again")

    def forbid():
        monkeypatch.setattr(SQLCompiler, "as_sql", build)

    return forbid


def test_objects_are_those_of_the_query_with_what_is_joined(chat):
    rows = [new_message(chat, timestamp=now() + dt.timedelta(seconds=n)) for n in range(3)]
    Message.objects.bulk_create(rows)
    found, expected = WITH_CHAT.all(chat=chat.pk), list(OF_CHAT.filter(chat=chat))
    assert [vars(each) | {"_state": 0} for each in found] == [
        vars(each) | {"_state": 0} for each in expected
    ]
    assert found[0].chat.teacher == chat.teacher
    assert not found[0]._state.adding
    assert WITH_CHAT.first(chat=new_id()) is None


def test_tuples_hold_values_of_python(chat):
    message = new_message(chat, educational_topics=["Optik"], token_count_estimated=True)
    message.save()
    (row,) = TOPICS.all(latest=message.timestamp)
    assert row == (message.pk, message.timestamp, ["Optik"], True)


def test_an_update_counts_rows_and_computes_in_the_database(chat):
    message = new_message(chat, token_count=3, response_time_ms=9)
    message.save()
    values = {"token_count": 4, "educational_topics": ["Optik"]}
    assert COUNT.run(id=message.pk, **values) == 1
    assert COUNT.run(id=new_id(), **values) == 0
    message.refresh_from_db()
    assert (message.token_count, message.educational_topics) == (7, ["Optik"])
    assert message.response_time_ms is None


def test_an_inserted_object_is_stored_whole(chat):
    message = new_message(chat, educational_topics=["Optik"])
    insert(message)
    assert vars(Message.objects.get(pk=message.pk)).keys() <= vars(message).keys()
    assert Message.objects.values().get(pk=message.pk) == {
        field.attname: getattr(message, field.attname) for field in Message._meta.concrete_fields
    }
    message.save()  # as one that is there
    assert Message.objects.count() == 1


def test_an_insert_that_fails_breaks_its_transaction(chat):
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(new_message(chat, role="nobody"))
    assert not Message.objects.exists()


def test_nothing_is_built_a_second_time(chat, never_built, settings):
    settings.CACHE_TIERS = "off"  # what is to be forgotten may have to be looked up
    message = new_message(chat)
    insert(message)
    values = {"token_count": 4, "educational_topics": []}
    COUNT.run(id=message.pk, **values)
    WITH_CHAT.all(chat=chat.pk)
    never_built()
    other = new_message(chat)
    insert(other)
    assert COUNT.run(id=other.pk, **values) == 1
    assert len(WITH_CHAT.all(chat=chat.pk)) == 2


def test_the_mirror_sees_what_is_written(chat, settings):
    settings.INSTANT_APP_ADMIN_TOKEN = "secret"
    message = new_message(chat)
    insert(message)
    COUNT.run(id=message.pk, token_count=4, educational_topics=[])
    written = OutboxEntry.objects.order_by("id").values_list("table", "row_id", "operation")
    assert list(written) == [
        ("messages", message.pk, "insert"),
        ("chats", chat.pk, "update"),
        ("messages", message.pk, "update"),
    ]


def test_statements_are_timed_as_all_others(chat):
    before = timings()["update messages"].count if "update messages" in timings() else 0
    COUNT.run(id=new_id(), token_count=4, educational_topics=[])
    assert timings()["update messages"].count == before + 1


def test_a_forgotten_value_is_an_error(chat):
    with pytest.raises(KeyError):
        Select(Chat.objects.filter(pk=Param(Chat, "id"))).all()
