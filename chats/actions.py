"""What a teacher can do with chats: one verb per function, one transaction each."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
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
from chats.tagging import corrections, work
from eduhu import events
from eduhu.compiled import Param, Select, insert
from eduhu.db import new_id, now
from eduhu.errors import (
    CannotContinue,
    IdTaken,
    InvalidInput,
    ModelNotAllowed,
    NotFound,
    ReplyInProgress,
    TooManyReplies,
)
from eduhu.named_queries import named_query
from eduhu.switches.state import choose_model
from teachers import idempotency
from teachers.models import Teacher, TeacherPreferences

TABLE = "chats"
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
    if created:
        events.row_changed(teacher.pk, TABLE, chat.pk)
    return chat, created


@cache
def default_title(language: str) -> str:
    """Return the title of a chat nobody has named yet."""
    with override(language):
        return _("New chat")


@transaction.atomic
def update_chat(*, teacher: Teacher, chat_id: uuid.UUID, **changes: Any) -> None:
    """Change title, topic_category or is_archived. Raises NotFound."""
    chat = _locked_chat(teacher, chat_id)
    if "topic_category" in changes:
        corrections.chat_topic_chosen(chat, changes["topic_category"])
    for name, value in changes.items():
        setattr(chat, name, value)
    if changes:
        chat.save(update_fields=list(changes))
        events.row_changed(teacher.pk, TABLE, chat_id)


@transaction.atomic
def correct_topics(*, teacher: Teacher, message_id: uuid.UUID, topics: Sequence[str]) -> None:
    """Say what a message is about; no tagger changes it afterwards. Raises NotFound."""
    message = Message.objects.for_teacher(teacher).filter(pk=message_id).first()
    if message is None:
        raise NotFound
    chat = _locked_chat(teacher, message.chat_id)
    message.refresh_from_db(fields=["educational_topics"])
    corrections.message_topics_chosen(message, topics)
    work.store_chats([chat])
    events.row_changed(teacher.pk, TABLE, message.chat_id)


@transaction.atomic
def delete_chat(*, teacher: Teacher, chat_id: uuid.UUID) -> None:
    """Delete a chat for good with all that hangs on it; a live reply is stopped first.

    Raises NotFound.
    """
    chat = _locked_chat(teacher, chat_id)
    for reply_id in chat.replies.live().values_list("pk", flat=True):
        transaction.on_commit(partial(engine.stop_requested, reply_id))
    # By their chat: Django would read them all, and delete them a hundred at a time.
    for rows in (chat.replies.all(), chat.messages.all()):
        rows._raw_delete(rows.db)
    chat.delete()
    events.row_changed(teacher.pk, TABLE, chat_id)


_ID: Any = Param(Teacher, "id", "teacher")
_TEACHER = Teacher(id=_ID)  # whoever is given as `teacher`
_LOCKED_CHAT = Select(
    Chat.objects.for_teacher(_TEACHER).select_for_update(no_key=True).filter(pk=Param(Chat, "id"))
)


@named_query("chats.lock")
def _locked_chat(teacher: Teacher, chat_id: uuid.UUID) -> Chat:
    found: Chat | None = _LOCKED_CHAT.first(teacher=teacher.pk, id=chat_id)
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class Question:
    """What a teacher sends. `context` holds earlier turns of a chat that is not stored here,
    `wish` what is to be made, where the answer shall be more than text.
    """

    content: str
    chat_id: uuid.UUID | None = None
    message_id: uuid.UUID | None = None
    model: str | None = None
    context: Sequence[dict[str, str]] = ()
    wish: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RequestKey:
    """A client's `Idempotency-Key` and the hash of what it came with."""

    key: str
    body_hash: str


def find_repeated(
    *, teacher: Teacher, question: Question | None, key: RequestKey | None
) -> Reply | None:
    """Return the reply that an equal request has already started, if any.

    A request is equal by its key, or by the message id of the client's own. Raises
    IdempotencyKeyReused when the key came with another body, IdTaken when the
    message id names anything else.
    """
    if key is not None and (reply := _by_key(teacher, key)) is not None:
        return reply
    return _by_message_id(teacher, question) if question is not None else None


def _by_key(teacher: Teacher, key: RequestKey) -> Reply | None:
    kept = idempotency.find_kept(teacher, key.key, key.body_hash)
    if kept is None:
        return None
    reply = Reply.objects.for_teacher(teacher).filter(pk=uuid.UUID(bytes=bytes(kept.body))).first()
    if reply is None:
        raise NotFound  # deleted with its chat since
    return reply


def send_message(*, teacher: Teacher, question: Question, key: RequestKey | None = None) -> Reply:
    """Store the teacher's message and queue the reply to it, in one transaction.

    May be repeated with the same key or message id: it returns the reply there
    already is. Raises NotFound, IdTaken, IdempotencyKeyReused, ReplyInProgress,
    TooManyReplies, ModelNotAllowed or ModelOff.
    """
    return _once(
        teacher, question, key, start=lambda preferred: _send(teacher, question, preferred)
    )


def retry_reply(*, teacher: Teacher, reply_id: uuid.UUID, key: RequestKey | None = None) -> Reply:
    """Answer the same question again: a new reply and a new message, the old ones stay.

    May be repeated with the same key. Raises NotFound, IdempotencyKeyReused,
    ReplyInProgress, TooManyReplies or ModelOff.
    """
    return _once(teacher, None, key, start=lambda preferred: _retry(teacher, reply_id, preferred))


def continue_reply(
    *, teacher: Teacher, reply_id: uuid.UUID, key: RequestKey | None = None
) -> Reply:
    """Go on with a reply that ended early: the same row and message, the offset goes on.

    May be repeated with the same key. Raises NotFound, IdempotencyKeyReused,
    ReplyInProgress or TooManyReplies, and CannotContinue for a reply that is whole.
    """
    return _once(teacher, None, key, start=lambda _preferred: _continue(teacher, reply_id))


def _once(
    teacher: Teacher,
    question: Question | None,
    key: RequestKey | None,
    *,
    start: Callable[[str | None], Reply],
) -> Reply:
    """Start a reply, given the preferred model, unless an equal request has started one."""
    find = partial(find_repeated, teacher=teacher, question=question, key=key)
    try:
        with transaction.atomic():
            preferred = _lock(teacher)
            # Under the lock: who waited for it finds what the other one has started.
            if reply := find():
                return reply
            reply = start(preferred)
            if key is not None:
                idempotency.keep(teacher, key.key, key.body_hash, reply.pk.bytes)
            return reply
    except IntegrityError as error:
        with transaction.atomic():
            if reply := find():
                return reply
        raise IdTaken from error


@named_query("messages.repeated")
def _by_message_id(teacher: Teacher, question: Question) -> Reply | None:
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


def _send(teacher: Teacher, question: Question, preferred: str | None) -> Reply:
    _refuse_reserved(question.message_id)
    chat = _chat_for(teacher, question)
    _refuse_when_busy(teacher, chat.pk)
    message = Message(
        id=question.message_id or new_id(),
        chat=chat,
        role=Role.USER,
        content=question.content,
        timestamp=chat.next_timestamp(),
    )
    insert(message)
    _title_from(chat, message)
    reply = _queue(
        chat=chat,
        teacher=teacher,
        user_message=message,
        context=list(question.context) if question.chat_id is None else [],
        wish=question.wish,
        model=_model_for(preferred, question.model),
    )
    if question.chat_id is not None:  # nobody can be on a chat that is new
        _tell_followers(reply)
    return reply


@named_query("replies.reserved")
def _refuse_reserved(message_id: uuid.UUID | None) -> None:
    # The id of an answer is known to its reader before the answer is stored.
    if message_id is not None and Reply.objects.filter(message_id=message_id).exists():
        raise IdTaken


_LOCKED_TEACHER = Select(
    Teacher.objects.select_for_update(no_key=True)
    .filter(pk=Param(Teacher, "id"))
    .values_list(
        Subquery(
            TeacherPreferences.objects.filter(teacher_id=OuterRef("pk")).values(
                "ai_model_preference"
            )
        )
    )
)


@named_query("teachers.lock")
def _lock(teacher: Teacher) -> str | None:
    """Keep two sends at once from passing a limit together; return the preferred model."""
    (preferred,) = _LOCKED_TEACHER.first(id=teacher.pk) or (None,)
    return preferred


def _queue(**fields: Any) -> Reply:
    if fields.get("wish") is not None:
        fields["artifact_id"] = new_id()
    service = {"provider": provider().name, "is_demo": provider().is_demo}
    reply = Reply(**service, **fields)
    insert(reply)
    _tell_queued(reply)
    return reply


def _tell_queued(reply: Reply) -> None:
    transaction.on_commit(engine.reply_queued)
    events.row_changed(reply.teacher_id, TABLE, reply.chat_id)


def _tell_followers(reply: Reply) -> None:
    events.reply_began(reply.chat_id, reply.pk, reply.attempt)


def _retry(teacher: Teacher, reply_id: uuid.UUID, preferred: str | None) -> Reply:
    old = _ended_reply(teacher, reply_id)
    reply = _queue(
        chat_id=old.chat_id,
        teacher=teacher,
        user_message_id=old.user_message_id,
        context=old.context,
        wish=old.wish,
        model=_model_for(old.model if old.model in settings.AI_MODELS else preferred, None),
    )
    _tell_followers(reply)
    return reply


def _continue(teacher: Teacher, reply_id: uuid.UUID) -> Reply:
    reply = _ended_reply(teacher, reply_id)
    is_whole = reply.state == ReplyState.COMPLETE and reply.finish_reason != "length"
    if is_whole or reply.wish is not None:  # half a document helps nobody: retry makes it anew
        raise CannotContinue
    fresh = {
        "state": ReplyState.QUEUED,
        "attempt": reply.attempt + 1,
        "attempt_offset": len(reply.text),
        "finish_reason": "",
        "error_code": "",
        "cancel_requested": False,
        "accepted_at": now(),
        "ended_at": None,
    }
    for name, value in fresh.items():
        setattr(reply, name, value)
    reply.save(update_fields=list(fresh))
    _tell_queued(reply)
    _tell_followers(reply)
    return reply


@named_query("replies.lock")
def _ended_reply(teacher: Teacher, reply_id: uuid.UUID) -> Reply:
    reply = Reply.objects.for_teacher(teacher).select_for_update(no_key=True).filter(pk=reply_id)
    found = reply.first()
    if found is None:
        raise NotFound
    _refuse_when_busy(teacher, found.chat_id)
    return found


def _chat_for(teacher: Teacher, question: Question) -> Chat:
    if question.chat_id is not None:
        return _locked_chat(teacher, question.chat_id)
    chat = Chat(teacher=teacher, title=auto_title(question.content))
    insert(chat)
    return chat


_LIVE = Select(Reply.objects.for_teacher(_TEACHER).live().values_list("chat_id", "id"))


@named_query("replies.live_of_teacher")
def _refuse_when_busy(teacher: Teacher, chat_id: uuid.UUID) -> None:
    live = dict(_LIVE.all(teacher=teacher.pk))
    if chat_id in live:
        raise ReplyInProgress(reply_id=live[chat_id])
    if len(live) >= settings.MAX_LIVE_REPLIES:
        raise TooManyReplies


def _title_from(chat: Chat, message: Message) -> None:
    is_unnamed = chat.title in {default_title("de"), default_title("en")}
    if is_unnamed and chat.message_count == 0:
        chat.title = auto_title(message.content)
        chat.save(update_fields=["title"])


def auto_title(content: str) -> str:
    """Return the first line of a message, cut at a word, as the title of its chat."""
    line = " ".join(content.strip()[: 4 * TITLE_MAX].split())
    if len(line) <= AUTO_TITLE_MAX:
        return line
    cut = line[: AUTO_TITLE_MAX - 1]
    return (cut.rsplit(" ", 1)[0] or cut) + "…"


def _model_for(preferred: str | None, wanted: str | None) -> str:
    if wanted is not None and wanted not in settings.AI_MODELS:
        raise ModelNotAllowed
    return choose_model(wanted, preferred if preferred in settings.AI_MODELS else None)


@transaction.atomic
def cancel_reply(*, teacher: Teacher, reply_id: uuid.UUID) -> None:
    """Ask a reply to stop; one that has ended stays as it is. Raises NotFound."""
    replies = Reply.objects.for_teacher(teacher).filter(pk=reply_id)
    if not replies.exists():
        raise NotFound
    replies.filter(state=ReplyState.QUEUED).update(
        state=ReplyState.CANCELLED, finish_reason="cancelled", ended_at=now()
    )
    replies.live().update(cancel_requested=True)
    transaction.on_commit(partial(engine.stop_requested, reply_id))


@transaction.atomic
def give_feedback(
    *, teacher: Teacher, message_id: uuid.UUID, is_helpful: bool, comment: str = ""
) -> None:
    """Say whether an answer was of use, instead of what was said before; may be repeated.

    Raises NotFound, and InvalidInput for a message that the assistant did not write.
    """
    _set_feedback(teacher, message_id, is_helpful, comment)


@transaction.atomic
def take_feedback_back(*, teacher: Teacher, message_id: uuid.UUID) -> None:
    """Unsay it; may be repeated. Raises as `give_feedback`."""
    _set_feedback(teacher, message_id, None, "")


@named_query("messages.feedback")
def _set_feedback(
    teacher: Teacher, message_id: uuid.UUID, is_helpful: bool | None, comment: str
) -> None:
    found = Message.objects.for_teacher(teacher).filter(pk=message_id)
    said = found.values_list("role", "is_helpful", "feedback_comment").first()
    if said is None:
        raise NotFound
    if said[0] != Role.ASSISTANT:
        raise InvalidInput(_("Only answers of the assistant can be judged."))
    if said[1:] != (is_helpful, comment):
        Message.objects.filter(pk=message_id).update(
            is_helpful=is_helpful, feedback_comment=comment
        )


@transaction.atomic
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
    wrong = Chat.objects.exclude(message_count=truth)
    for teacher_id, chat_id in wrong.values_list("teacher_id", "pk"):
        events.row_changed(teacher_id, TABLE, chat_id)
    return wrong.update(message_count=truth)
