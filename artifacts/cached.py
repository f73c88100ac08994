"""Reads of artifacts that are worth keeping, as JSON for the API."""

import uuid
from functools import partial
from typing import Any

import orjson

from artifacts import queries
from artifacts.models import Artifact
from eduhu.cache import tiers
from eduhu.cache.policies import Content
from eduhu.cache.tiers import Read
from eduhu.cache.watch import Watched, watch
from eduhu.pages import JsonPage, PageRequest
from teachers.models import Teacher


def watch_writes() -> None:
    """Say which scopes the rows of this app are in."""
    watch(Artifact, Watched(("artifacts:{teacher_id}", "artifact:{id}")))


def artifact_page(teacher: Teacher, page: PageRequest, **filters: Any) -> JsonPage:
    """Return a page of a teacher's artifacts, newest first; filters as in `queries`."""
    load = partial(queries.artifact_page, teacher, page, **filters)
    if page.before is not None:
        return JsonPage.of(*load())
    name = f"list:{page.limit}:{filters.get('artifact_type')}:{filters.get('chat_id')}"
    scope = f"artifacts:{teacher.pk}"
    return JsonPage.read(Content.EDUCATIONAL, teacher.pk, name, scope, load)


def artifact_detail(teacher: Teacher, artifact_id: uuid.UUID) -> orjson.Fragment:
    """Return one artifact. Raises NotFound."""

    def load() -> bytes:
        return orjson.dumps(queries.artifact_detail(teacher, artifact_id))

    name = f"artifact:{artifact_id}"
    return orjson.Fragment(tiers.get(Read(Content.EDUCATIONAL, teacher.pk, name, name, load)))
