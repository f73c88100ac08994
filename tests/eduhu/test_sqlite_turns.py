"""Writers of one process on SQLite take turns, and always give the turn on."""

import threading
import time

import pytest
from django.db import IntegrityError, connection, transaction

from chats.models import Chat
from tests.factories import make_teacher

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="about SQLite"),
]


def in_threads(work, count):
    failures = []

    def run():
        try:
            work()
        except Exception as error:  # noqa: BLE001 (told to the test)
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def create_chat(teacher, seconds=0.0):
    with transaction.atomic():
        Chat.objects.create(teacher=teacher, title="Brüche")
        time.sleep(seconds)


def test_many_writers_wait_no_longer_than_they_must():
    teacher = make_teacher()
    started = time.monotonic()
    assert in_threads(lambda: create_chat(teacher, 0.02), 16) == []
    assert time.monotonic() - started < 1.5  # sleeping and looking again takes longer
    assert Chat.objects.count() == 16


def test_a_transaction_that_fails_gives_the_turn_on():
    teacher = make_teacher()
    chat = Chat.objects.create(teacher=teacher, title="Brüche")
    with pytest.raises(IntegrityError), transaction.atomic():
        Chat.objects.create(pk=chat.pk, teacher=teacher, title="Noch einmal")
    assert in_threads(lambda: create_chat(teacher), 1) == []


def test_a_connection_that_is_closed_in_a_transaction_gives_the_turn_on():
    teacher = make_teacher()

    def leave():
        with transaction.atomic():
            Chat.objects.create(teacher=teacher, title="Brüche")
            connection.close()

    in_threads(leave, 1)
    assert in_threads(lambda: create_chat(teacher), 1) == []
    assert Chat.objects.count() == 1
