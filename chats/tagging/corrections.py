"""What teachers know better: it counts, as a number, and is never overwritten by a machine."""

from collections.abc import Sequence

from django.db.models import F

from chats.models import Chat, ChatTopic, Message, MessageTopics, TopicCorrection
from chats.tagging.tagger import TEACHER


def chat_topic_chosen(chat: Chat, chosen: str | None) -> None:
    """Note that a teacher gave a chat its topic, or took it away; the chat must be locked."""
    row = ChatTopic.objects.filter(pk=chat.pk).first()
    if row is not None and row.source != TEACHER and row.topic != (chosen or ""):
        _count(row.topic, chosen or "", row.source, row.version)
    said = {"topic": chosen or "", "source": TEACHER, "confidence": 1.0, "version": ""}
    ChatTopic.objects.bulk_create(
        [ChatTopic(chat_id=chat.pk, **said)], update_conflicts=True, unique_fields=["chat"],
        update_fields=list(said),
    )  # fmt: skip


def message_topics_chosen(message: Message, chosen: Sequence[str]) -> None:
    """Store the topics that a teacher gives a message; its chat must be locked."""
    row = MessageTopics.objects.filter(pk=message.pk).first()
    said = message.educational_topics[:1]
    if said and said != list(chosen[:1]) and (row is None or row.source != TEACHER):
        first = chosen[0] if chosen else ""
        _count(said[0], first, row.source if row else "", row.version if row else "")
    told = {
        "topic": chosen[0] if chosen else "", "source": TEACHER, "confidence": 1.0, "version": "",
        "due_at": None,
    }  # fmt: skip
    MessageTopics.objects.bulk_create(
        [MessageTopics(message_id=message.pk, **told)], update_conflicts=True,
        unique_fields=["message"], update_fields=list(told),
    )  # fmt: skip
    Message.objects.filter(pk=message.pk).update(educational_topics=list(chosen))


def _count(said: str, chosen: str, source: str, version: str) -> None:
    row, _created = TopicCorrection.objects.get_or_create(
        said=said, chosen=chosen, source=source, version=version
    )
    TopicCorrection.objects.filter(pk=row.pk).update(number=F("number") + 1)
