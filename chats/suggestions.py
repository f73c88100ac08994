"""What a chat says about a teacher's classes and might be worth remembering.

Only suggested, never stored: the teacher confirms by `POST /api/memory`.
"""

import re
import uuid

from django.db.models.functions import Left

from chats.models import ContentType, Message, Role
from chats.queries import refuse_foreign
from eduhu.named_queries import named_query
from teachers.memory.actions import key_of, one_line
from teachers.memory.models import TEXT_MAX
from teachers.memory.queries import memories
from teachers.models import Teacher

SUGGESTED_MAX = 5
_READ = 50  # of the newest messages
_READ_OF_EACH = 5000  # characters; what is longer was pasted, and is not about a class
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_ABOUT_A_CLASS = re.compile(
    r"\b(?:(?:meine|meiner|meinen|unsere|unserer) (?:\d{1,2}\.? ?[a-h]\b|\d{1,2}\. Klasse|Klasse"
    r"|Lerngruppe|Kurs|Schüler)|in der \d{1,2}[a-h]\b|ich unterrichte\b"
    r"|my (?:class|pupils|students|year \d|\d{1,2}(?:st|nd|rd|th) graders)|I teach\b)",
    re.IGNORECASE,
)


def suggestions(teacher: Teacher, chat_id: uuid.UUID) -> list[str]:
    """Return sentences of the teacher about their classes that are not remembered yet.

    Raises NotFound.
    """
    refuse_foreign(teacher, chat_id)
    known = {key_of(memory["text"]) for memory in memories(teacher)}
    found: list[str] = []
    for content in _said(chat_id):
        for sentence in map(one_line, _SENTENCE.findall(content)):
            if len(sentence) > TEXT_MAX or not _ABOUT_A_CLASS.search(sentence):
                continue
            if sentence.endswith("?") or (key := key_of(sentence)) in known:
                continue  # a question tells nothing that lasts
            known.add(key)
            found.append(sentence)
    return found[:SUGGESTED_MAX]


@named_query("messages.said")
def _said(chat_id: uuid.UUID) -> list[str]:
    messages = Message.objects.filter(
        chat_id=chat_id, role=Role.USER, content_type=ContentType.TEXT
    )
    newest = messages.order_by("-timestamp", "-id")
    return list(newest.values_list(Left("content", _READ_OF_EACH), flat=True)[:_READ])
