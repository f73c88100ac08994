"""Reads of the memory."""

import uuid
from typing import Any

from eduhu.db import epoch_ms
from eduhu.named_queries import named_query
from teachers.memory.models import Memory
from teachers.models import Teacher

Document = dict[str, Any]  # a row as JSON shows it
IN_PROMPT_MAX = 4000  # characters


def memory_document(memory: Memory) -> Document:
    """Show one."""
    return {"id": memory.pk, "text": memory.text, "created_at": epoch_ms(memory.created_at)}


@named_query("memory.all")
def memories(teacher: Teacher) -> list[Document]:
    """Return all that is remembered for a teacher, newest first."""
    rows = Memory.objects.for_teacher(teacher).order_by("-created_at", "-id")
    return [memory_document(row) for row in rows]


@named_query("memory.prompt")
def for_prompt(teacher_id: uuid.UUID) -> tuple[str, ...]:
    """Return the lines for a prompt, oldest first; of too many the newest."""
    rows = Memory.objects.filter(teacher_id=teacher_id).order_by("-created_at", "-id")
    room, kept = IN_PROMPT_MAX, []
    for text in rows.values_list("text", flat=True):
        room -= len(text)
        if room < 0:
            break
        kept.append(text)
    return tuple(kept[::-1])
