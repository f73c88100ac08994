"""Reads of a teacher's account that are worth keeping, as JSON for the API."""

from collections.abc import Collection

import orjson

from eduhu.cache import tiers
from eduhu.cache.policies import Content
from eduhu.cache.tiers import Read
from eduhu.cache.warming import Warm
from eduhu.cache.watch import Watched, watch
from teachers import queries
from teachers.models import Teacher, TeacherPreferences


def watch_writes() -> None:
    """Say which scopes the rows of this app are in."""
    watch(TeacherPreferences, Watched(("preferences:{teacher_id}",)))
    watch(Teacher, Watched(("preferences:{id}",), shown=frozenset({"language"})))


def preferences_of(teacher: Teacher) -> orjson.Fragment:
    """Return a teacher's preferences; the empty ones are made on the first look."""
    return orjson.Fragment(tiers.get(_preferences_of(teacher)))


def warm_up(teacher: Teacher, _topics: Collection[str], warm: Warm) -> None:
    """Warm the preferences, where there are any: warming writes nothing."""
    if TeacherPreferences.objects.filter(teacher=teacher).exists():
        warm(_preferences_of(teacher))


def _preferences_of(teacher: Teacher) -> Read:
    def load() -> bytes:
        return orjson.dumps(queries.preferences_of(teacher))

    scope = f"preferences:{teacher.pk}"
    return Read(Content.PREFERENCES, teacher.pk, "all", scope, load)
