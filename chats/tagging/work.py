"""Finds the questions that wait for their topics, judges them, and stores what was found.

The table is the truth: a question waits in `message_topics` from the statement that stored
it, and is taken when its reply has ended. Whoever takes it and dies leaves it to the next,
`LEASE` later; to judge one twice does no harm. One that cannot be judged is set aside in the
end (`failures.py`).
"""

import datetime as dt
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Sum

from chats.models import Chat, ChatTopic, Message, MessageTopics, Reply, TopicFailure
from chats.tagging import ask, failures
from chats.tagging.tagger import OTHER, TEACHER, Tags, tag
from eduhu import events
from eduhu.db import now
from eduhu.named_queries import named_query

AT_ONCE = 200
LEASE = dt.timedelta(minutes=2)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question that waits for its topics."""

    message_id: uuid.UUID
    chat_id: uuid.UUID
    content: str


def tag_waiting(seconds: float) -> int:
    """Judge what waits, for at most about so long; return how many were judged."""
    ends_at, done = time.monotonic() + seconds, 0
    while time.monotonic() < ends_at and (waiting := take()):
        if len(waiting) == 1 or not _together(waiting):
            for each in waiting:  # one that cannot be judged must not keep the others waiting
                _alone(each)
        done += len(waiting)
    return done


def _together(waiting: list[Waiting]) -> bool:
    try:
        _judge_and_store(waiting)
    except Exception:
        logger.exception("topics of %d messages not found together", len(waiting))
        return False
    return True


def _judge_and_store(waiting: list[Waiting]) -> None:
    store(list(zip(waiting, judge([each.content for each in waiting]), strict=True)))


def _alone(each: Waiting) -> None:
    try:
        _judge_and_store([each])
    except Exception as error:
        logger.exception("topics of message %s not found", each.message_id)
        failures.note(each.message_id, error)


def judge(texts: Sequence[str]) -> list[Tags]:
    """Judge messages here, and let the AI service judge those that nobody here is sure of."""
    different = list(dict.fromkeys(texts))
    found = dict(zip(different, tag(different), strict=True))
    doubtful = [text for text, tags in found.items() if text.strip() and not tags.is_sure]
    found.update(ask.judge(doubtful))
    return [found[text] for text in texts]


@named_query("topics.take")
def take() -> list[Waiting]:
    """Take the questions that have waited longest and whose reply is not being written."""
    live = Reply.objects.live().filter(user_message_id=OuterRef("pk"))
    with transaction.atomic():
        due = MessageTopics.objects.filter(~Exists(live), due_at__lte=now()).order_by("due_at")
        locked = due.select_for_update(skip_locked=True, of=("self",))
        ids = list(locked.values_list("pk", flat=True)[:AT_ONCE])
        if not ids:
            return []
        MessageTopics.objects.filter(pk__in=ids).update(due_at=now() + LEASE)
    rows = Message.objects.filter(pk__in=ids).values_list("pk", "chat_id", "content")
    return [Waiting(*row) for row in rows]


@named_query("topics.store")
@transaction.atomic
def store(judged: Iterable[tuple[Waiting, Tags]]) -> None:
    """Store the topics of questions and of their answers, and then of their chats.

    What a teacher has corrected meanwhile stays. It tells the devices of their teachers.
    """
    found = {waiting.message_id: (waiting.chat_id, tags) for waiting, tags in judged}
    # The chats first, as everywhere, and in one order: nobody waits for us while we wait for them.
    locked = Chat.objects.select_for_update(no_key=True).order_by("pk")
    chats = list(
        locked.filter(pk__in={chat_id for chat_id, _tags in found.values()}).only(
            "teacher_id", "topic_category"
        )
    )
    still = MessageTopics.objects.filter(pk__in=found, due_at__isnull=False)
    fresh = {pk: found[pk][1] for pk in still.values_list("pk", flat=True)}
    _store_messages(fresh)
    TopicFailure.objects.filter(pk__in=found).delete()
    store_chats(chats)
    for chat in chats:
        events.row_changed(chat.teacher_id, "chats", chat.pk)


def _store_messages(fresh: dict[uuid.UUID, Tags]) -> None:
    rows = [
        MessageTopics(
            message_id=pk, due_at=None, source=tags.source, confidence=tags.confidence,
            version=tags.version, topic=tags.topic,
        )
        for pk, tags in fresh.items()
    ]  # fmt: skip
    MessageTopics.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["message"],
        update_fields=["due_at", "topic", "source", "confidence", "version"],
    )  # fmt: skip
    alike: dict[tuple[str, ...], list[uuid.UUID]] = defaultdict(list)
    for pk, tags in fresh.items():
        alike[tags.topics].append(pk)
    replies = Reply.objects.filter(user_message_id__in=fresh)
    for question, answer in replies.values_list("user_message_id", "message_id"):
        alike[fresh[question].topics].append(answer)
    for topics, ids in alike.items():
        Message.objects.filter(pk__in=ids).update(educational_topics=list(topics))


def store_chats(chats: Collection[Chat]) -> None:
    """Give each chat the topic that most of its questions are about, unless somebody else did."""
    ours = {row.pk: row for row in ChatTopic.objects.filter(pk__in=[each.pk for each in chats])}
    open_to_us = [chat.pk for chat in chats if _is_ours(chat, ours.get(chat.pk))]
    alike: dict[str, list[uuid.UUID]] = defaultdict(list)
    rows = _topics_of(open_to_us)
    for row in rows:
        alike[row.topic].append(row.pk)
    ChatTopic.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["chat"],
        update_fields=["topic", "source", "confidence", "version"],
    )  # fmt: skip
    for topic, ids in alike.items():
        Chat.objects.filter(pk__in=ids).exclude(topic_category=topic).update(topic_category=topic)


def _is_ours(chat: Chat, row: ChatTopic | None) -> bool:
    if row is None:
        return chat.topic_category is None
    return row.source != TEACHER and chat.topic_category == row.topic


def _topics_of(chat_ids: Collection[uuid.UUID]) -> list[ChatTopic]:
    """Weigh the first topics of all questions by how sure they are; `other` only where all are."""
    told = MessageTopics.objects.filter(message__chat_id__in=chat_ids, due_at__isnull=True)
    weights: dict[uuid.UUID, dict[str, tuple[float, str, str]]] = defaultdict(dict)
    for chat_id, topic, source, version, weight in (
        told.exclude(topic="")
        .values_list("message__chat_id", "topic", "source", "version")
        .annotate(weight=Sum("confidence"))
        .order_by()
    ):
        before = weights[chat_id].get(topic, (0.0, source, version))
        heavier = (source, version) if weight > before[0] else before[1:]
        weights[chat_id][topic] = (before[0] + weight, *heavier)
    return [_heaviest(chat_id, topics) for chat_id, topics in weights.items()]


def _heaviest(chat_id: uuid.UUID, topics: dict[str, tuple[float, str, str]]) -> ChatTopic:
    known = {topic: each for topic, each in topics.items() if topic != OTHER} or topics
    topic, (weight, source, version) = max(known.items(), key=lambda each: (each[1][0], each[0]))
    whole = sum(each[0] for each in known.values())
    # As sure as its questions are, where they are of one mind.
    confidence = round(weight / whole, 3) if whole and len(known) > 1 else round(min(1, weight), 3)
    return ChatTopic(
        chat_id=chat_id, topic=topic, source=source, confidence=confidence, version=version
    )
