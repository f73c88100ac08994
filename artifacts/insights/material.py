"""Material as the learned model sees it: what is known a day after it was made, and its use.

`used` is what the model guesses: not exported on the first day, but in the fourteen after
it. What was exported on its first day needs no guess.
"""

import datetime as dt
import math
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Length
from django.utils.timezone import localtime

from artifacts.models import Artifact, ArtifactExport, ArtifactType, ArtifactVersion
from eduhu.named_queries import named_query

FIRST_DAY = dt.timedelta(days=1)
OUTCOME_KNOWN = dt.timedelta(days=15)
NEWEST = 500  # rows of one teacher that are looked at
FRIDAY, SATURDAY = 4, 5

FEATURES = (
    "is_worksheet", "is_rubric", "is_activity", "length", "edits", "is_from_answer",
    "is_thumb_up", "is_thumb_down", "is_before_school", "habit",
)  # fmt: skip
Example = tuple[list[float], bool]  # the values of FEATURES, and whether it was used


@dataclass(frozen=True, slots=True)
class Material:
    """One artifact: its first day, and when it was first exported."""

    id: uuid.UUID
    teacher_id: uuid.UUID
    title: str
    artifact_type: str
    created_at: dt.datetime
    length: int  # characters
    edits: int  # on the first day
    is_from_answer: bool
    is_helpful: bool | None
    exported_at: dt.datetime | None

    @property
    def is_early(self) -> bool:
        """Whether it was exported on its first day."""
        return self.exported_at is not None and self.exported_at < self.created_at + FIRST_DAY

    @property
    def is_used(self) -> bool:
        """Whether it was first exported after that, while its outcome was open."""
        if self.exported_at is None or self.is_early:
            return False
        return self.exported_at < self.created_at + OUTCOME_KNOWN

    def features(self, habit: float) -> list[float]:
        """Return the values of FEATURES; `habit` is what share of earlier material was used."""
        is_type = self.artifact_type.__eq__
        return [
            float(is_type(ArtifactType.WORKSHEET)),
            float(is_type(ArtifactType.RUBRIC)),
            float(is_type(ArtifactType.ACTIVITY)),
            math.log1p(self.length / 1000),
            math.log1p(self.edits),
            float(self.is_from_answer),
            float(self.is_helpful is True),
            float(self.is_helpful is False),
            float(localtime(self.created_at).weekday() not in (FRIDAY, SATURDAY)),
            habit,
        ]


@named_query("insights.material")
def newest(artifacts: "QuerySet[Artifact]", limit: int | None = NEWEST) -> list[Material]:
    """Return the newest of some artifacts, the oldest first."""
    exports = ArtifactExport.objects.by_owner().order_by("exported_at")
    # Not as a join: that would walk all versions there are.
    edits = ArtifactVersion.objects.filter(
        artifact=OuterRef("pk"), revision__gt=1, created_at__lt=OuterRef("created_at") + FIRST_DAY
    )
    counted = edits.order_by().values("artifact").annotate(n=Count("pk")).values("n")
    rows = artifacts.annotate(
        length=Length("content"),
        exported_at=Subquery(exports.values("exported_at")[:1]),
        edits=Coalesce(Subquery(counted), 0),
    ).values_list(
        "pk", "teacher_id", "title", "artifact_type", "created_at", "length", "edits",
        "message_id", "message__is_helpful", "exported_at", "revision", "changed_at",
    )  # fmt: skip
    return [_material(*row) for row in reversed(rows.order_by("-created_at", "-id")[:limit])]


def _material(
    id: uuid.UUID, teacher_id: uuid.UUID, title: str, artifact_type: str, created_at: dt.datetime,
    length: int, earlier_edits: int, message_id: uuid.UUID | None, is_helpful: bool | None,
    exported_at: dt.datetime | None, revision: int, changed_at: dt.datetime | None,
) -> Material:  # fmt: skip
    # A version tells when it began, so the last edit is told by the artifact itself.
    has_last = revision > 1 and changed_at is not None and changed_at < created_at + FIRST_DAY
    return Material(
        id, teacher_id, title, artifact_type, created_at, length, earlier_edits + has_last,
        message_id is not None, is_helpful, exported_at,
    )  # fmt: skip


def habit(used: int, made: int) -> float:
    """Return what share of material was used, drawn to the middle while there is little."""
    return (used + 1) / (made + 3)


def habit_before(materials: Iterable[Material], moment: dt.datetime) -> float:
    """Return the habit of one teacher, from what was decided at that moment."""
    decided = [
        each for each in materials
        if not each.is_early and each.created_at + OUTCOME_KNOWN <= moment
    ]  # fmt: skip
    return habit(sum(each.is_used for each in decided), len(decided))


def examples(materials: list[Material], moment: dt.datetime) -> Iterator[tuple[uuid.UUID, Example]]:
    """Yield the teacher of each material whose outcome is known, and what is to be learned."""
    by_teacher: dict[uuid.UUID, list[Material]] = {}
    for each in materials:
        by_teacher.setdefault(each.teacher_id, []).append(each)
    for teacher_id, own in by_teacher.items():
        for each in own:
            if not each.is_early and each.created_at + OUTCOME_KNOWN <= moment:
                share = habit_before(own, each.created_at)
                yield teacher_id, (each.features(share), each.is_used)
