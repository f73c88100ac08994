"""How often a teacher may ask: one count for SSE and WebSocket together."""

import uuid

from django.conf import settings

from chats.actions import (
    Question,
    RequestKey,
    continue_reply,
    find_repeated,
    retry_reply,
    send_message,
)
from chats.models import Reply
from eduhu import limits
from eduhu.switches.state import refuse_if_off, refuse_in_maintenance
from teachers.models import Teacher


def ask(teacher: Teacher, question: Question, key: RequestKey | None = None) -> Reply:
    """Send a message within the teacher's rate; a repetition does not count.

    Raises TooManyRequests, FeatureOff or Maintenance, and as `send_message`.
    """
    if repeated := find_repeated(teacher=teacher, question=question, key=key):
        return repeated
    _refuse_for_all("chat" if question.wish is None else "generation")
    _count(teacher)
    return send_message(teacher=teacher, question=question, key=key)


def answer_again(teacher: Teacher, reply_id: uuid.UUID, key: RequestKey | None) -> Reply:
    """Retry within the teacher's rate. Raises as `ask`, and as `retry_reply`."""
    if repeated := find_repeated(teacher=teacher, question=None, key=key):
        return repeated
    _refuse_for_all("chat")
    _count(teacher)
    return retry_reply(teacher=teacher, reply_id=reply_id, key=key)


def go_on(teacher: Teacher, reply_id: uuid.UUID, key: RequestKey | None) -> Reply:
    """Continue within the teacher's rate. Raises as `answer_again`, and as `continue_reply`."""
    if repeated := find_repeated(teacher=teacher, question=None, key=key):
        return repeated
    _refuse_for_all("chat")
    _count(teacher)
    return continue_reply(teacher=teacher, reply_id=reply_id, key=key)


def _refuse_for_all(feature: str) -> None:
    refuse_in_maintenance()
    refuse_if_off(feature)


def _count(teacher: Teacher) -> None:
    limits.count("chat", str(teacher.pk), settings.CHAT_RATE)
