"""What a teacher does with the assistant's memory. Nothing gets in without them."""

import re
import uuid

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from eduhu.db import new_id
from eduhu.errors import Conflict, IdTaken, InvalidInput, NotFound
from teachers.memory.models import TEXT_MAX, Memory
from teachers.models import Teacher

MEMORIES_MAX = 50


def one_line(text: str) -> str:
    """Return text as it is remembered: in one line."""
    return " ".join(text.split())


def key_of(text: str) -> str:
    """Return what two memories have in common that say the same: their words, in any case."""
    # Some letters are longer in lower case; the column is not.
    return " ".join(re.findall(r"[^\W_]+", text.lower()))[:TEXT_MAX]


@transaction.atomic
def remember(*, teacher: Teacher, text: str, id: uuid.UUID | None = None) -> tuple[Memory, bool]:
    """Remember a line. Return it, and whether it is new: what is known is not kept twice.

    Raises InvalidInput for a line without words, and for too many; IdTaken.
    """
    text = one_line(text)
    key = _checked_key(text)
    Teacher.objects.select_for_update(no_key=True).get(pk=teacher.pk)  # two at once, else one more
    memories = Memory.objects.for_teacher(teacher)
    known = memories.filter(key=key).first()
    if known is not None:
        return known, False
    if memories.count() >= MEMORIES_MAX:
        limit = _("There can be at most %(limit)s of these.") % {"limit": MEMORIES_MAX}
        raise InvalidInput(errors={"text": [limit]})
    if id is not None and Memory.objects.filter(pk=id).exists():
        raise IdTaken
    return Memory.objects.create(pk=id or new_id(), teacher=teacher, text=text, key=key), True


@transaction.atomic
def correct(*, teacher: Teacher, memory_id: uuid.UUID, text: str) -> Memory:
    """Say it in other words. Raises NotFound, InvalidInput, Conflict if another says so already."""
    memory = Memory.objects.for_teacher(teacher).filter(pk=memory_id).first()
    if memory is None:
        raise NotFound
    memory.text = one_line(text)
    memory.key = _checked_key(memory.text)
    try:
        with transaction.atomic():
            memory.save(update_fields=["text", "key"])
    except IntegrityError as error:
        raise Conflict(_("This is remembered already.")) from error
    return memory


def _checked_key(text: str) -> str:
    key = key_of(text)
    if not key:
        raise InvalidInput(errors={"text": [_("This must not be empty.")]})
    return key


@transaction.atomic
def forget(*, teacher: Teacher, memory_id: uuid.UUID) -> None:
    """Forget one. Raises NotFound."""
    deleted, _by_model = Memory.objects.for_teacher(teacher).filter(pk=memory_id).delete()
    if not deleted:
        raise NotFound


@transaction.atomic
def forget_everything(*, teacher: Teacher) -> None:
    """Forget all of it; doing so again does nothing."""
    Memory.objects.for_teacher(teacher).delete()
