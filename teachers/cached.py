"""Reads of a teacher's account that are worth keeping, as JSON for the API."""

import orjson

from eduhu.cache import tiers
from eduhu.cache.policies import Content
from eduhu.cache.tiers import Read
from eduhu.cache.watch import Watched, watch
from teachers import queries
from teachers.models import Teacher, TeacherPreferences


def watch_writes() -> None:
    """Say which scopes the rows of this app are in."""
    watch(TeacherPreferences, Watched(("preferences:{teacher_id}",)))


def preferences_of(teacher: Teacher) -> orjson.Fragment:
    """Return a teacher's preferences; the empty ones are made on the first look."""

    def load() -> bytes:
        return orjson.dumps(queries.preferences_of(teacher))

    scope = f"preferences:{teacher.pk}"
    return orjson.Fragment(tiers.get(Read(Content.PREFERENCES, teacher.pk, "all", scope, load)))
