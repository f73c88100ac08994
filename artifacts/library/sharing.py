"""Letting colleagues read: one artifact or a collection, by e-mail address, until it is revoked.

The owner's list and every answer are the same whether anybody has the address, so that
nobody learns who is here. A share whose address nobody has waits until somebody does.
"""

import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from artifacts.library.models import Collection, Share
from artifacts.models import Artifact
from eduhu.errors import InvalidInput, NotFound
from teachers.models import Teacher

SHARES_MAX = 100  # of one thing

Thing = Artifact | Collection


@transaction.atomic
def share(*, teacher: Teacher, thing: Thing, email: str) -> tuple[Share, bool]:
    """Let whoever has this address read `thing`, which is the teacher's.

    Return the share, and whether it is new. Raises InvalidInput for the own address, and
    for too many.
    """
    email = email.strip().lower()
    if email == teacher.email:
        raise InvalidInput(errors={"email": [_("This is your own address.")]})
    shares = _shares_of(thing)
    if shares.count() >= SHARES_MAX:
        text = _("There can be at most %(limit)s of these.") % {"limit": SHARES_MAX}
        raise InvalidInput(errors={"email": [text]})
    receiver = Teacher.objects.filter(email=email).first()
    which = {_name(thing): thing, "email": email}
    return Share.objects.get_or_create(
        **which, defaults={"owner_id": teacher.pk, "receiver": receiver}
    )


@transaction.atomic
def revoke(*, thing: Thing, share_id: uuid.UUID) -> None:
    """End a share of `thing`, at once. Raises NotFound."""
    deleted, _by_model = _shares_of(thing).filter(pk=share_id).delete()
    if not deleted:
        raise NotFound


def shares_of(thing: Thing) -> list[Share]:
    """Return with whom its owner shares `thing`, in the order of time."""
    return list(_shares_of(thing).order_by("created_at", "id"))


def _shares_of(thing: Thing) -> Any:
    return Share.objects.filter(**{_name(thing): thing})


def _name(thing: Thing) -> str:
    return "artifact" if isinstance(thing, Artifact) else "collection"


def welcome(instance: Teacher, created: bool, **_kwargs: Any) -> None:
    """Give a new teacher what waits for their address (signal receiver)."""
    if created:
        waiting = Share.objects.filter(email=instance.email, receiver__isnull=True)
        waiting.exclude(owner_id=instance.pk).update(receiver=instance)
