"""Rows for tests, made as the product makes them."""

import datetime as dt
import itertools

from chats.models import Chat, Message
from eduhu.db import now
from teachers.models import Teacher

_numbers = itertools.count(1)
PASSWORD = "correct horse battery"


def make_teacher(**fields):
    fields = {"email": f"teacher{next(_numbers)}@eduhu.example", **fields}
    return Teacher.objects.create_user(password=PASSWORD, **fields)


def make_chat(teacher, **fields):
    return Chat.objects.create(teacher=teacher, **{"title": "Brüche", **fields})


def make_messages(chat, count, *, start=None):
    """`count` messages a second apart, by turns from teacher and assistant."""
    start = start or now() - dt.timedelta(seconds=count)
    return Message.objects.bulk_create(
        Message(
            chat=chat,
            role="user" if number % 2 == 0 else "assistant",
            content=f"message {number}",
            timestamp=start + dt.timedelta(seconds=number),
        )
        for number in range(count)
    )
