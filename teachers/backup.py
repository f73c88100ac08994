"""Accounts and preferences in backups."""

import uuid
from collections.abc import Collection

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from eduhu.db import now
from eduhu.mirror.backup.tables import Accounts, Table, User
from teachers.models import Teacher, TeacherPreferences

PREFERENCES = Table(
    model=TeacherPreferences,
    columns=(
        "teacher_id", "grade_level", "subject_areas", "ai_model_preference",
        "notification_settings", "updated_at",
    ),
    times=("updated_at",),
    changed_at="updated_at",
    unique="teacher_id",
    namespaces=("teacher_preferences",),
    labels={"teacher_id": ("teacher_id", "teacher")},
)  # fmt: skip


def _find(users: Collection[User]) -> dict[uuid.UUID, uuid.UUID]:
    addresses = {user.email for user in users if user.email}
    by_address = dict(Teacher.objects.filter(email__in=addresses).values_list("email", "pk"))
    ids = _known([user.id for user in users])
    found = {user.id: user.id for user in users if user.id in ids}
    return found | {user.id: by_address[user.email] for user in users if user.email in by_address}


def _known(ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    return set(Teacher.objects.filter(pk__in=ids).values_list("pk", flat=True))


def _refusal(user: User) -> str | None:
    if not user.email:
        return "it has no e-mail address"
    try:
        validate_email(user.email)
    except ValidationError:
        return "its e-mail address is none"
    return "its e-mail address is too long" if len(user.email) > 254 else None


def _create(users: Collection[User]) -> None:
    """Without a password, and not active: the owner of an address has yet to prove it."""
    Teacher.objects.bulk_create(
        Teacher(
            pk=user.id, email=user.email, created_at=user.created_at or now(),
            is_active=False, password=make_password(None),
        )
        for user in users
    )  # fmt: skip


def _page(after: uuid.UUID | None, limit: int) -> list[User]:
    teachers = Teacher.objects.order_by("pk")
    if after is not None:
        teachers = teachers.filter(pk__gt=after)
    return [User(*row) for row in teachers.values_list("pk", "email", "created_at")[:limit]]


ACCOUNTS = Accounts(
    find=_find,
    refusal=_refusal,
    create=_create,
    known=_known,
    count=Teacher.objects.count,
    page=_page,
)
