"""Reads of artifacts that are worth keeping, as JSON for the API."""

import uuid
from collections.abc import Collection
from functools import partial
from typing import Any

import orjson

from artifacts import queries
from artifacts.models import Artifact
from eduhu.cache import tiers
from eduhu.cache.policies import Content
from eduhu.cache.tiers import Read
from eduhu.cache.warming import Warm
from eduhu.cache.watch import Watched, watch
from eduhu.errors import NotFound
from eduhu.pages import JsonPage, PageRequest, to_keep
from teachers.models import Teacher

ARTIFACTS_A_PAGE = 50  # unless a client asks for another number


def watch_writes() -> None:
    """Say which scopes the rows of this app are in."""
    watch(Artifact, Watched(("artifacts:{teacher_id}", "artifact:{id}")))


def artifact_page(teacher: Teacher, page: PageRequest, **filters: Any) -> JsonPage:
    """Return a page of a teacher's artifacts, newest first; filters as in `queries`."""
    if page.before is not None:
        return JsonPage.of(*queries.artifact_page(teacher, page, **filters))
    return JsonPage.kept(tiers.get(_artifact_page(teacher, page, **filters)))


def artifact_detail(teacher: Teacher, artifact_id: uuid.UUID) -> tuple[int, orjson.Fragment]:
    """Return the revision of an artifact, own or shared, and the artifact. Raises NotFound.

    What is shared is never kept: the next read must know when that has ended.
    """

    def load() -> bytes:
        return _detail(queries.artifact_detail(teacher, artifact_id))

    name = f"artifact:{artifact_id}"
    try:
        value = tiers.get(Read(Content.EDUCATIONAL, teacher.pk, name, name, load))
    except NotFound:
        value = _detail(queries.shared_artifact(teacher, artifact_id))
    revision, _, detail = value.partition(b"\n")
    return int(revision), orjson.Fragment(detail)


def _detail(detail: queries.Document) -> bytes:
    return b"%d\n%s" % (detail["revision"], orjson.dumps(detail))


def warm_up(teacher: Teacher, _topics: Collection[str], warm: Warm) -> None:
    """Warm the list of a teacher's material."""
    warm(_artifact_page(teacher, PageRequest(ARTIFACTS_A_PAGE, None)))


def _artifact_page(teacher: Teacher, page: PageRequest, **filters: Any) -> Read:
    load = partial(to_keep, partial(queries.artifact_page, teacher, page, **filters))
    wanted = ":".join(str(filters.get(name)) for name in ("artifact_type", "kind", "chat_id"))
    name = f"list:{page.limit}:{wanted}"
    return Read(Content.EDUCATIONAL, teacher.pk, name, f"artifacts:{teacher.pk}", load)
