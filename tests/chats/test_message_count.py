"""`message_count` is always the number of messages, whoever writes."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection

from chats.actions import rebuild_message_counts
from chats.models import Chat, Message
from eduhu.db import now
from tests import sql
from tests.factories import make_chat, make_messages

pytestmark = [pytest.mark.django_db, pytest.mark.claim(24)]


def count_of(chat):
    return Chat.objects.values_list("message_count", flat=True).get(pk=chat.pk)


def wrong_counts():
    """The chats whose count is not the truth."""
    return [
        (chat.pk, chat.message_count, chat.messages.count())
        for chat in Chat.objects.all()
        if chat.message_count != chat.messages.count()
    ]


@pytest.fixture
def chat(teacher):
    return make_chat(teacher)


def test_it_is_right_after_one_insert_and_one_delete(chat):
    message = Message.objects.create(chat=chat, role="user", content="Hallo")
    assert count_of(chat) == 1
    message.delete()
    assert count_of(chat) == 0


def test_it_is_right_after_many_at_once(teacher, chat):
    other = make_chat(teacher)
    make_messages(chat, 30)
    Message.objects.bulk_create(
        Message(chat=each, role="user", content=str(number))
        for number in range(10)
        for each in (chat, other)
    )
    assert (count_of(chat), count_of(other)) == (40, 10)
    Message.objects.filter(content__in=["0", "1", "message 0"]).delete()
    assert (count_of(chat), count_of(other)) == (37, 8)


def test_raw_sql_is_counted_too(chat):
    make_messages(chat, 3)
    sql.execute("DELETE FROM messages WHERE content = 'message 1'")
    assert count_of(chat) == 2


def test_the_end_of_a_chat_leaves_the_others_right(teacher, chat):
    other = make_chat(teacher)
    make_messages(chat, 3)
    make_messages(other, 4)
    chat.delete()
    assert count_of(other) == 4


def test_saving_an_old_object_writes_no_old_count_and_no_old_time_back(chat):
    old = Chat.objects.get(pk=chat.pk)
    make_messages(chat, 5, start=now())
    touched = Chat.objects.get(pk=chat.pk).updated_at
    old.title = "Neuer Titel"
    old.save()
    found = Chat.objects.get(pk=chat.pk)
    assert (found.title, found.message_count) == ("Neuer Titel", 5)
    assert found.updated_at >= touched


def test_the_command_repairs_a_wrong_count_and_may_run_again(teacher, chat, capsys):
    right = make_chat(teacher)
    make_messages(chat, 3)
    make_messages(right, 2)
    Chat.objects.filter(pk=chat.pk).update(message_count=17)
    before = Chat.objects.get(pk=right.pk).updated_at
    call_command("rebuild_counts")
    assert capsys.readouterr().out == "1 chats corrected\n"
    assert (count_of(chat), count_of(right)) == (3, 2)
    assert Chat.objects.get(pk=right.pk).updated_at == before
    assert rebuild_message_counts() == 0


def test_the_command_repairs_a_chat_without_messages(chat):
    Chat.objects.filter(pk=chat.pk).update(message_count=1)
    assert rebuild_message_counts() == 1
    assert count_of(chat) == 0


@pytest.mark.django_db(transaction=True)
def test_fifty_parallel_inserts_are_all_counted(chat):
    together = threading.Barrier(50)

    def insert(number):
        together.wait(20)
        try:
            Message.objects.create(chat=chat, role="user", content=str(number))
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(insert, range(50)))
    assert count_of(chat) == chat.messages.count() == 50


def write_at_random(dice, chats):
    """Do one of the writes that the product or an operator does."""
    chat = dice.choice(chats)
    messages = list(chat.messages.all())
    match dice.randrange(6):
        case 0:
            Message.objects.create(chat=chat, role="user", content="eins")
        case 1:
            make_messages(chat, dice.randrange(1, 8))
        case 2 if messages:
            dice.choice(messages).delete()
        case 3:
            chosen = dice.sample(messages, k=min(3, len(messages)))
            Message.objects.filter(pk__in=[each.pk for each in chosen]).delete()
        case 4:
            chat.title = f"Titel {dice.random()}"
            chat.save()
        case 5 if messages:
            sql.execute("DELETE FROM messages WHERE id = %s", [dice.choice(messages).pk])


@pytest.mark.parametrize("seed", range(5))
def test_it_is_right_after_any_writes(teacher, seed):
    dice = random.Random(seed)
    chats = [make_chat(teacher) for _ in range(3)]
    for _ in range(40):
        write_at_random(dice, chats)
        assert not wrong_counts()
