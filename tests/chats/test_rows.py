"""The database itself refuses what must not be: raw SQL, no Python rule in between."""

import pytest
from django.db import DataError, IntegrityError

from chats.models import Chat, Message, Reply
from eduhu.db import new_id
from tests import sql
from tests.factories import make_chat

pytestmark = pytest.mark.django_db(transaction=True)  # foreign keys are checked at the commit


@pytest.fixture
def chat(teacher):
    return make_chat(teacher)


@pytest.fixture
def message(chat):
    return Message.objects.create(chat=chat, role="user", content="Was ist Licht?")


@pytest.fixture
def make_row(teacher, chat, message):
    """Insert a good row of a table, but for the given columns; return its id."""

    def make(table, **changes):
        good = {
            "chats": lambda: Chat(teacher=teacher, title="Optik"),
            "messages": lambda: Message(chat=chat, role="user", content="Was ist Licht?"),
            "replies": lambda: Reply(
                chat=chat, teacher=teacher, user_message=message, state="complete",
                model="template", provider="template",
            ),
        }[table]()  # fmt: skip
        sql.insert(table, {**sql.row_of(good), **changes})
        return changes.get("id", good.pk)

    return make


REFUSED = [
    ("chats", {"title": ""}),
    ("chats", {"title": None}),
    ("chats", {"message_count": -1}),
    pytest.param("chats", {"teacher_id": new_id()}, id="chat of nobody there is"),
    pytest.param("messages", {"chat_id": new_id()}, marks=pytest.mark.claim(27), id="orphan"),
    ("messages", {"chat_id": None}),
    pytest.param("messages", {"content": None}, marks=pytest.mark.claim(28)),
    pytest.param("messages", {"role": "teacher"}, marks=pytest.mark.claim(29)),
    pytest.param("messages", {"role": "User"}, marks=pytest.mark.claim(29)),
    pytest.param("messages", {"role": ""}, marks=pytest.mark.claim(29)),
    ("messages", {"content_type": "video"}),
    ("messages", {"token_count": -1}),
    ("messages", {"response_time_ms": -1}),
    ("messages", {"educational_topics": {"topic": "optics"}}),
    ("messages", {"educational_topics": '"[]"'}),
    ("messages", {"educational_topics": "null"}),
    ("messages", {"educational_topics": "not json"}),
    ("replies", {"state": "thinking"}),
    pytest.param("replies", {"chat_id": new_id()}, id="reply without chat"),
    pytest.param("replies", {"teacher_id": new_id()}, id="reply without teacher"),
    pytest.param("replies", {"user_message_id": new_id()}, id="reply without question"),
]


@pytest.mark.parametrize(("table", "wrong"), REFUSED)
def test_the_database_refuses(make_row, table, wrong):
    make_row(table)
    before = sql.execute(f"SELECT count(*) FROM {table}")
    with pytest.raises((IntegrityError, DataError)):
        make_row(table, **wrong)
    assert sql.execute(f"SELECT count(*) FROM {table}") == before


@pytest.mark.parametrize(("table", "wrong"), REFUSED)
def test_the_database_refuses_the_same_as_a_change(make_row, table, wrong):
    row_id = make_row(table)
    with pytest.raises((IntegrityError, DataError)):
        sql.update(table, row_id, wrong)


@pytest.mark.claim(26)
@pytest.mark.parametrize("table", ["chats", "messages", "replies"])
def test_an_id_is_given_once(make_row, table):
    row_id = make_row(table)
    with pytest.raises(IntegrityError):
        make_row(table, id=row_id)


@pytest.mark.parametrize("state", ["queued", "streaming"])
def test_a_chat_has_one_live_reply(make_row, state):
    make_row("replies", state="complete")
    make_row("replies", state="queued")
    with pytest.raises(IntegrityError):
        make_row("replies", state=state)
    make_row("replies", state="failed")


def test_two_replies_cannot_reserve_one_message_id(make_row):
    reserved = new_id()
    make_row("replies", message_id=reserved)
    with pytest.raises(IntegrityError):
        make_row("replies", message_id=reserved)


@pytest.mark.claim(27)
def test_deleting_a_chat_takes_all_that_hangs_on_it(make_row, chat):
    make_row("messages")
    make_row("replies")
    chat.delete()
    assert not Message.objects.exists()
    assert not Reply.objects.exists()


def test_a_chat_with_messages_cannot_vanish_under_them(make_row, chat):
    make_row("messages")
    with pytest.raises(IntegrityError):
        sql.execute("DELETE FROM chats WHERE id = %s", [chat.pk])
    assert Chat.objects.filter(pk=chat.pk).exists()


def test_a_chat_may_have_no_owner(make_row):
    row_id = make_row("chats", teacher_id=None)
    assert Chat.objects.get(pk=row_id).teacher is None
