"""Reads of a teacher's own account, in the form the API shows them."""

import uuid
from collections.abc import Collection
from typing import Any

from eduhu.db import epoch_ms
from eduhu.mirror.documents import to_document
from eduhu.named_queries import named_query
from teachers.models import Teacher, TeacherPreferences
from teachers.notifications import switches

Document = dict[str, Any]  # a row as JSON shows it

PREFERENCES_FIELDS = (
    "id", "teacher_id", "grade_level", "subject_areas", "ai_model_preference",
    "notification_settings", "updated_at",
)  # fmt: skip


def teacher_document(teacher: Teacher) -> Document:
    """Show a teacher to themselves."""
    return {
        "id": teacher.pk,
        "email": teacher.email,
        "name": teacher.name,
        "language": teacher.language,
        "is_staff": teacher.is_staff,
        "created_at": epoch_ms(teacher.created_at),
    }


def preferences_document(teacher: Teacher, preferences: TeacherPreferences) -> Document:
    """Show a teacher's preferences; every switch of a notification as it stands."""
    return {
        "id": preferences.pk,
        "teacher_id": preferences.teacher_id,
        "grade_level": preferences.grade_level,
        "subject_areas": preferences.subject_areas,
        "ai_model_preference": preferences.ai_model_preference,
        "notification_settings": switches(preferences.notification_settings),
        "federal_state": preferences.federal_state,
        "school_type": preferences.school_type,
        "uses_memory": preferences.uses_memory,
        "language": teacher.language,
        "updated_at": epoch_ms(preferences.updated_at),
    }


@named_query("preferences.row")
def preferences_row(teacher: Teacher, row_id: uuid.UUID) -> Document | None:
    """Return a teacher's preferences by their id, or None when they are not there."""
    found = TeacherPreferences.objects.filter(pk=row_id, teacher=teacher).first()
    return preferences_document(teacher, found) if found is not None else None


@named_query("preferences.saved")
def saved_preferences(teacher: Teacher) -> TeacherPreferences | None:
    """Return what a teacher has saved, or None; looking makes no row."""
    return TeacherPreferences.objects.filter(teacher=teacher).first()


@named_query("preferences.of_teacher")
def preferences_of(teacher: Teacher) -> Document:
    """Return a teacher's preferences; the empty ones are made on the first look."""
    preferences, _created = TeacherPreferences.objects.get_or_create(teacher=teacher)
    return preferences_document(teacher, preferences)


@named_query("mirror.preferences")
def mirrored_preferences(ids: Collection[uuid.UUID]) -> list[Document]:
    """Return the preferences there are, as InstantDB holds them."""
    rows = TeacherPreferences.objects.filter(pk__in=ids).values(*PREFERENCES_FIELDS)
    return [to_document(row) for row in rows]
