"""How often a teacher may ask: one count for SSE and WebSocket together."""

from django.conf import settings

from chats.actions import Question, send_message
from chats.models import Reply
from eduhu import limits
from teachers.models import Teacher


def ask(teacher: Teacher, question: Question) -> Reply:
    """Send a message within the teacher's rate. Raises TooManyRequests, and as send_message."""
    limits.count("chat", str(teacher.pk), settings.CHAT_RATE)
    return send_message(teacher=teacher, question=question)
