"""Chats and messages in backups."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from chats.actions import default_title
from chats.models import Chat, Message
from eduhu.mirror.backup.tables import Link, Parent, Table, Values

# A chat may have been called a session, and been named by its id or by a link.
CHAT_LABELS = ("chat_id", "session_id", "chat", "session")


def _mend_chat(values: Values, parents: Mapping[str, Parent]) -> list[str]:
    """Without a title a chat would be lost with all its messages."""
    if values.get("title"):
        return []
    values["title"] = default_title(settings.LANGUAGE_CODE)
    return ["it had no title"]


@contextmanager
def _chat_times_kept(messages: Sequence[Values]) -> Iterator[None]:
    """Undo what triggers make of `updated_at`: old messages are not news."""
    latest: dict[uuid.UUID, dt.datetime] = {}
    for message in messages:
        chat_id, timestamp = message["chat_id"], message.get("timestamp")
        if timestamp is not None:
            latest[chat_id] = max(timestamp, latest.get(chat_id, timestamp))
    chats = Chat.objects.select_for_update(no_key=True).filter(pk__in=latest).order_by("pk")
    times = dict(chats.values_list("pk", "updated_at"))
    yield
    _set_times({pk: max(moment, latest[pk]) for pk, moment in times.items()})


def _set_times(times: Mapping[uuid.UUID, dt.datetime]) -> None:
    """Write `updated_at` of many chats; `bulk_update` takes longer than all the rest.

    The capture does not see it, but has seen the messages, which bring their chats along.
    """
    time, key = Chat._meta.get_field("updated_at"), Chat._meta.get_field("id")
    rows = [
        (time.get_db_prep_save(moment, connection), key.get_db_prep_save(pk, connection))
        for pk, moment in times.items()
    ]
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE chats SET updated_at = %s WHERE id = %s", rows)


CHATS = Table(
    model=Chat,
    columns=("title", "created_at", "updated_at", "teacher_id", "topic_category", "is_archived"),
    times=("created_at", "updated_at"),
    changed_at="updated_at",
    namespaces=("chats", "chat_sessions"),
    labels={"teacher_id": ("teacher_id", "teacher")},
    mend=_mend_chat,
)
MESSAGES = Table(
    model=Message,
    columns=(
        "chat_id", "content", "role", "timestamp", "content_type", "token_count",
        "response_time_ms", "educational_topics",
    ),
    times=("timestamp",),
    owner="chat_id",
    links={"chat_id": Link("chats", required=True)},
    namespaces=("messages",),
    labels={"chat_id": CHAT_LABELS},
    around=_chat_times_kept,
)  # fmt: skip
