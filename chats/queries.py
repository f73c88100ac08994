"""Reads of chats, messages and replies, in the form the API shows them."""

import uuid
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from django.db.models import F

from chats.models import Chat, Message, Reply
from eduhu.compiled import Param, Select
from eduhu.db import epoch_ms
from eduhu.errors import NotFound
from eduhu.mirror.documents import to_document
from eduhu.named_queries import named_query
from eduhu.pages import PageRequest, Pages
from teachers.models import Teacher

Document = dict[str, Any]  # a row as JSON shows it

CHAT_FIELDS = (
    "id", "title", "created_at", "updated_at", "teacher_id", "topic_category", "message_count",
    "is_archived",
)  # fmt: skip
MESSAGE_FIELDS = (
    "id", "chat_id", "content", "role", "timestamp", "content_type", "token_count",
    "token_count_estimated", "response_time_ms", "educational_topics", "is_helpful",
)  # fmt: skip

FEEDBACK = {True: "up", False: "down", None: None}

MIRRORED_MESSAGE_FIELDS = (
    "id", "chat_id", "content", "role", "timestamp", "content_type", "token_count",
    "response_time_ms", "educational_topics",
)  # fmt: skip


def chat_document(row: Document) -> Document:
    """Show the values of a chat."""
    times = {name: epoch_ms(row[name]) for name in ("created_at", "updated_at")}
    return {**row, **times}


def message_document(row: Document) -> Document:
    """Show the values of a message."""
    feedback = FEEDBACK[row.pop("is_helpful")]
    return {**row, "timestamp": epoch_ms(row["timestamp"]), "feedback": feedback}


_ID: Any = Param(Teacher, "id", "teacher")
_TEACHER = Teacher(id=_ID)  # whoever is given as `teacher`
_OWN_CHATS = Chat.objects.for_teacher(_TEACHER)
_CHATS = Pages(
    _OWN_CHATS.filter(is_archived=Param(Chat, "is_archived")), CHAT_FIELDS, time_field="updated_at"
)


@named_query("chats.page")
def chat_page(
    teacher: Teacher, page: PageRequest, *, is_archived: bool
) -> tuple[list[Document], str | None]:
    """Return a page of a teacher's chats, last changed first, and the cursor to the next."""
    rows, cursor = _CHATS.read(page, teacher=teacher.pk, is_archived=is_archived)
    return [chat_document(row) for row in rows], cursor


@named_query("chats.row")
def chat_row(teacher: Teacher, chat_id: uuid.UUID) -> Document | None:
    """Return one chat as lists show it, or None when it is not there."""
    row = Chat.objects.for_teacher(teacher).filter(pk=chat_id).values(*CHAT_FIELDS).first()
    return chat_document(dict(row)) if row is not None else None


@named_query("chats.topics")
def topics_of(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the topics of the chats that have one."""
    chats = Chat.objects.filter(pk__in=ids, topic_category__isnull=False)
    return {pk: topic or "" for pk, topic in chats.values_list("pk", "topic_category")}


def chat_detail(teacher: Teacher, chat_id: uuid.UUID) -> Document:
    """Return one chat, with `live_reply` while the assistant writes. Raises NotFound."""
    document = chat_row(teacher, chat_id)
    if document is None:
        raise NotFound
    return {**document, "live_reply": _live_reply(chat_id)}


@named_query("replies.live_of_chat")
def _live_reply(chat_id: uuid.UUID) -> Document | None:
    reply = Reply.objects.filter(chat_id=chat_id).live().first()
    if reply is None:
        return None
    return {
        "reply_id": reply.pk,
        "message_id": reply.message_id,
        "text": reply.text,
        "offset": len(reply.text),
    }


@named_query("messages.row")
def message_row(teacher: Teacher, message_id: uuid.UUID) -> Document:
    """Return one message. Raises NotFound."""
    row = Message.objects.for_teacher(teacher).filter(pk=message_id).values(*MESSAGE_FIELDS).first()
    if row is None:
        raise NotFound
    return message_document(dict(row))


def message_page(
    teacher: Teacher, chat_id: uuid.UUID, page: PageRequest
) -> tuple[list[Document], str | None]:
    """Return the newest messages of a chat in reading order, and the cursor back in time.

    Raises NotFound.
    """
    refuse_foreign(teacher, chat_id)
    return _messages_of(chat_id, page)


@named_query("chats.exists")
def refuse_foreign(teacher: Teacher, chat_id: uuid.UUID) -> None:
    """Raise NotFound unless the teacher may see the chat."""
    if not _OWN_CHAT.all(teacher=teacher.pk, id=chat_id):
        raise NotFound


_OWN_CHAT = Select(_OWN_CHATS.filter(pk=Param(Chat, "id")).values_list("pk"))
_MESSAGES = Pages(
    Message.objects.filter(chat_id=Param(Message, "chat")), MESSAGE_FIELDS, time_field="timestamp"
)


@named_query("messages.page")
def _messages_of(chat_id: uuid.UUID, page: PageRequest) -> tuple[list[Document], str | None]:
    rows, cursor = _MESSAGES.read(page, chat=chat_id)
    return [message_document(row) for row in reversed(rows)], cursor


@named_query("messages.feedback_of")
def feedback_of(teacher: Teacher, message_id: uuid.UUID) -> Document:
    """Return what a teacher has said of a message. Raises NotFound."""
    found = Message.objects.for_teacher(teacher).filter(pk=message_id)
    said = found.values_list("is_helpful", "feedback_comment").first()
    if said is None:
        raise NotFound
    return {"message_id": message_id, "value": FEEDBACK[said[0]], "comment": said[1]}


@named_query("replies.row")
def find_reply(teacher: Teacher, reply_id: uuid.UUID) -> Reply:
    """Return one of a teacher's replies. Raises NotFound."""
    reply = Reply.objects.for_teacher(teacher).filter(pk=reply_id).first()
    if reply is None:
        raise NotFound
    return reply


def reply_with_question(teacher: Teacher, reply_id: uuid.UUID) -> tuple[Reply, Document]:
    """Return a reply and the message it answers. Raises NotFound."""
    reply = find_reply(teacher, reply_id)
    return reply, _question_of(reply)


@named_query("messages.question")
def _question_of(reply: Reply) -> Document:
    row = Message.objects.filter(pk=reply.user_message_id).values(*MESSAGE_FIELDS).get()
    return message_document(dict(row))


@named_query("replies.reload")
def reload_replies(ids: Collection[uuid.UUID]) -> list[Reply]:
    """Return those of at least one reply that there are, as they are now."""
    # Filled up with the last one, so that few texts of the statement are needed.
    size = 1 << (len(ids) - 1).bit_length()
    filled = [*ids, *[list(ids)[-1]] * (size - len(ids))]
    return _of_ids(size).all(**{f"id{number}": each for number, each in enumerate(filled)})


@lru_cache(maxsize=16)
def _of_ids(count: int) -> Select:
    ids: list[Any] = [Param(Reply, "id", f"id{number}") for number in range(count)]
    return Select(Reply.objects.filter(pk__in=ids))


@named_query("mirror.chats")
def mirrored_chats(ids: Collection[uuid.UUID]) -> list[Document]:
    """Return the chats there are, as InstantDB holds them."""
    rows = Chat.objects.filter(pk__in=ids).values(*CHAT_FIELDS)
    return [to_document(row) for row in rows]


@named_query("mirror.messages")
def mirrored_messages(ids: Collection[uuid.UUID]) -> list[Document]:
    """Return the messages there are, as InstantDB holds them: each with its teacher."""
    rows = Message.objects.filter(pk__in=ids).annotate(teacher_id=F("chat__teacher_id"))
    return [to_document(row) for row in rows.values(*MIRRORED_MESSAGE_FIELDS, "teacher_id")]
