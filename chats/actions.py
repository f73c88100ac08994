"""What a teacher can do with chats: one verb per function, one transaction each."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import override

from chats.models import TITLE_MAX, Chat, Message, Reply, ReplyState, Role
from chats.providers.registry import provider
from chats.replies import engine
from eduhu.db import new_id, now
from eduhu.errors import (
    IdTaken,
    ModelNotAllowed,
    NotFound,
    ReplyInProgress,
    TooManyReplies,
)
from teachers.models import Teacher, TeacherPreferences

AUTO_TITLE_MAX = 80


def create_chat(
    *,
    teacher: Teacher,
    id: uuid.UUID | None = None,
    title: str | None = None,
    topic_category: str | None = None,
) -> tuple[Chat, bool]:
    """Store a chat. Return it, and whether it is new.

    With an id of the client's own the call may be repeated. Raises IdTaken when the
    id names anything else.
    """
    wanted: dict[str, Any] = {"teacher_id": teacher.pk, "topic_category": topic_category}
    if title is not None:
        wanted["title"] = title
    chat, created = Chat.objects.get_or_create(
        pk=id or new_id(), defaults={"title": default_title(teacher.language), **wanted}
    )
    if not created and any(getattr(chat, name) != value for name, value in wanted.items()):
        raise IdTaken
    return chat, created


def default_title(language: str) -> str:
    """Return the title of a chat nobody has named yet."""
    with override(language):
        return _("New chat")


@transaction.atomic
def update_chat(*, teacher: Teacher, chat_id: uuid.UUID, **changes: Any) -> None:
    """Change title, topic_category or is_archived. Raises NotFound."""
    chat = _locked_chat(teacher, chat_id)
    for name, value in changes.items():
        setattr(chat, name, value)
    if changes:
        chat.save(update_fields=list(changes))


@transaction.atomic
def delete_chat(*, teacher: Teacher, chat_id: uuid.UUID) -> None:
    """Delete a chat for good with all that hangs on it; a live reply is stopped first.

    Raises NotFound.
    """
    chat = _locked_chat(teacher, chat_id)
    for reply_id in chat.replies.live().values_list("pk", flat=True):
        transaction.on_commit(partial(engine.stop_requested, reply_id))
    chat.delete()


def _locked_chat(teacher: Teacher, chat_id: uuid.UUID) -> Chat:
    chat = Chat.objects.for_teacher(teacher).select_for_update(no_key=True).filter(pk=chat_id)
    found = chat.first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class Question:
    """What a teacher sends. `context` holds earlier turns of a chat that is not stored here."""

    content: str
    chat_id: uuid.UUID | None = None
    message_id: uuid.UUID | None = None
    model: str | None = None
    context: Sequence[dict[str, str]] = ()


def send_message(*, teacher: Teacher, question: Question) -> Reply:
    """Store the teacher's message and queue the reply to it, in one transaction.

    With a message id of the client's own the call may be repeated: it returns the
    reply there already is. Raises NotFound, IdTaken, ReplyInProgress,
    TooManyReplies or ModelNotAllowed.
    """
    try:
        with transaction.atomic():
            return _repeated(teacher, question) or _send(teacher, question)
    except IntegrityError as error:
        # The same message id at the same moment: the other one was first.
        with transaction.atomic():
            if reply := _repeated(teacher, question):
                return reply
        raise IdTaken from error


def _repeated(teacher: Teacher, question: Question) -> Reply | None:
    if question.message_id is None:
        return None
    message = Message.objects.select_related("chat").filter(pk=question.message_id).first()
    if message is None:
        return None
    same = (
        message.chat.teacher_id == teacher.pk
        and message.role == Role.USER
        and message.content == question.content
        and question.chat_id in (None, message.chat_id)
    )
    reply = message.replies.order_by("-created_at").first() if same else None
    if reply is None:
        raise IdTaken
    return reply


def _send(teacher: Teacher, question: Question) -> Reply:
    # The teacher's row is locked, so that two sends at once cannot pass the limit together.
    Teacher.objects.select_for_update(no_key=True).filter(pk=teacher.pk).first()
    chat = _chat_for(teacher, question)
    _refuse_when_busy(teacher, chat)
    message = Message.objects.create(
        id=question.message_id or new_id(),
        chat=chat,
        role=Role.USER,
        content=question.content,
        timestamp=_next_timestamp(chat),
    )
    _title_from(chat, message)
    reply = Reply.objects.create(
        chat=chat,
        teacher=teacher,
        user_message=message,
        context=list(question.context) if question.chat_id is None else [],
        model=_model_for(teacher, question.model),
        provider=provider().name,
        is_demo=provider().is_demo,
    )
    transaction.on_commit(engine.reply_queued)
    return reply


def _chat_for(teacher: Teacher, question: Question) -> Chat:
    if question.chat_id is not None:
        return _locked_chat(teacher, question.chat_id)
    return Chat.objects.create(teacher=teacher, title=auto_title(question.content))


def _refuse_when_busy(teacher: Teacher, chat: Chat) -> None:
    live = dict(Reply.objects.for_teacher(teacher).live().values_list("chat_id", "pk"))
    if chat.pk in live:
        raise ReplyInProgress(reply_id=live[chat.pk])
    if len(live) >= settings.MAX_LIVE_REPLIES:
        raise TooManyReplies


def _next_timestamp(chat: Chat) -> dt.datetime:
    last = chat.messages.order_by("-timestamp", "-id").values_list("timestamp", flat=True).first()
    return max(now(), last + dt.timedelta(milliseconds=1)) if last else now()


def _title_from(chat: Chat, message: Message) -> None:
    is_unnamed = chat.title in {default_title("de"), default_title("en")}
    if is_unnamed and chat.message_count == 0:
        chat.title = auto_title(message.content)
        chat.save(update_fields=["title"])


def auto_title(content: str) -> str:
    """Return the first line of a message, cut at a word, as the title of its chat."""
    line = " ".join(content[: 4 * TITLE_MAX].split())
    if len(line) <= AUTO_TITLE_MAX:
        return line
    cut = line[: AUTO_TITLE_MAX - 1]
    return (cut.rsplit(" ", 1)[0] or cut) + "…"


def _model_for(teacher: Teacher, wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in settings.AI_MODELS:
            raise ModelNotAllowed
        return wanted
    preferred = (
        TeacherPreferences.objects.filter(teacher=teacher)
        .values_list("ai_model_preference", flat=True)
        .first()
    )
    return preferred if preferred in settings.AI_MODELS else settings.AI_MODEL


@transaction.atomic
def cancel_reply(*, teacher: Teacher, reply_id: uuid.UUID) -> None:
    """Ask a reply to stop; one that has ended stays as it is. Raises NotFound."""
    replies = Reply.objects.for_teacher(teacher).filter(pk=reply_id)
    ended_before_begun = replies.filter(state=ReplyState.QUEUED).update(
        state=ReplyState.CANCELLED, finish_reason="cancelled", ended_at=now()
    )
    if not (ended_before_begun or replies.update(cancel_requested=True)):
        raise NotFound
    transaction.on_commit(partial(engine.stop_requested, reply_id))


def rebuild_message_counts() -> int:
    """Set `message_count` of each chat that is wrong to the truth; return how many were."""
    counted = (
        Message.objects.filter(chat_id=OuterRef("pk"))
        .order_by()
        .values("chat_id")
        .annotate(n=Count("pk"))
        .values("n")
    )
    truth = Coalesce(Subquery(counted), 0)
    return Chat.objects.exclude(message_count=truth).update(message_count=truth)
