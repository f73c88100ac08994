"""Hints a teacher can act upon: each true of their own rows, with the numbers it rests on."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from artifacts.insights.material import FIRST_DAY, Material
from artifacts.models import ArtifactType
from chats.models import Message, Reply, ReplyState
from eduhu.db import now
from eduhu.named_queries import named_query
from teachers.models import Teacher, TeacherPreferences

Document = dict[str, Any]
MATERIAL_WEEKS, REPLY_WEEKS = 12, 2  # how far back it is worth an action
SHOWN = 10  # rows that a hint names
QUESTIONS_BEFORE_PROFILE = 3


@dataclass(frozen=True, slots=True)
class Action:
    """What the teacher can do about it: a request, and the words for its button."""

    text: str
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Hint:
    """A sentence, the numbers behind it, the rows it is about, and what can be done."""

    code: str
    text: str
    numbers: dict[str, int]
    rows: list[uuid.UUID]
    action: Action


def hints(
    teacher: Teacher,
    materials: Sequence[Material],
    preferences: TeacherPreferences | None,
    questions: int,
) -> list[Hint]:
    """Return what is worth doing, the most useful first; one query."""
    found = [
        never_exported(materials),
        *_about_replies(_last_replies(teacher)),
        _profile(preferences, questions),
    ]
    return [hint for hint in found if hint is not None]


def never_exported(materials: Iterable[Material]) -> Hint | None:
    """Return the type of which most was never taken along, though it is there for a day."""
    since, until = now() - dt.timedelta(weeks=MATERIAL_WEEKS), now() - FIRST_DAY
    by_type: dict[str, list[Material]] = defaultdict(list)
    made: dict[str, int] = defaultdict(int)
    for each in materials:
        if since <= each.created_at <= until:
            made[each.artifact_type] += 1
            if each.exported_at is None:
                by_type[each.artifact_type].insert(0, each)  # the newest first
    if not by_type:
        return None
    artifact_type, unused = max(by_type.items(), key=lambda item: len(item[1]))
    newest = unused[0].id
    return Hint(
        "never_exported",
        _never_exported(artifact_type, len(unused)) % {"number": len(unused)},
        {"never_exported": len(unused), "made": made[artifact_type], "weeks": MATERIAL_WEEKS},
        [each.id for each in unused[:SHOWN]],
        Action(_("Export the newest"), "GET", f"/api/artifacts/{newest}/export?format=docx"),
    )


def _never_exported(artifact_type: str, number: int) -> str:
    texts = {
        ArtifactType.LESSON_PLAN: ngettext(
            "%(number)d lesson plan was never exported.",
            "%(number)d lesson plans were never exported.",
            number,
        ),
        ArtifactType.WORKSHEET: ngettext(
            "%(number)d worksheet was never exported.",
            "%(number)d worksheets were never exported.",
            number,
        ),
        ArtifactType.RUBRIC: ngettext(
            "%(number)d rubric was never exported.",
            "%(number)d rubrics were never exported.",
            number,
        ),
        ArtifactType.ACTIVITY: ngettext(
            "%(number)d activity was never exported.",
            "%(number)d activities were never exported.",
            number,
        ),
    }
    return texts[ArtifactType(artifact_type)]


@named_query("insights.replies")
def _last_replies(teacher: Teacher) -> list[tuple[uuid.UUID, str, bool]]:
    """Return the replies that were the last to their question, newest first: id, state, down."""
    # By their ids, which tell the order also within a millisecond.
    later = Reply.objects.filter(user_message=OuterRef("user_message"), pk__gt=OuterRef("pk"))
    disliked = Message.objects.filter(pk=OuterRef("message_id"), is_helpful=False)
    since = now() - dt.timedelta(weeks=REPLY_WEEKS)
    replies = Reply.objects.for_teacher(teacher).filter(created_at__gte=since)
    last = replies.filter(~Exists(later)).annotate(is_disliked=Exists(disliked))
    return list(last.order_by("-created_at").values_list("pk", "state", "is_disliked"))


def _about_replies(replies: Sequence[tuple[uuid.UUID, str, bool]]) -> list[Hint | None]:
    ended_early = (ReplyState.FAILED, ReplyState.INTERRUPTED)
    broken = [pk for pk, state, _disliked in replies if state in ended_early]
    disliked = [pk for pk, state, is_disliked in replies if is_disliked and pk not in broken]
    return [
        _retry("answers_broke_off", broken, len(replies), ngettext(
            "%(number)d answer broke off and was never asked for again.",
            "%(number)d answers broke off and were never asked for again.",
            len(broken),
        )),
        _retry("answers_of_no_use", disliked, len(replies), ngettext(
            "You found %(number)d answer of no use and have not asked again.",
            "You found %(number)d answers of no use and have not asked again.",
            len(disliked),
        )),
    ]  # fmt: skip


def _retry(code: str, replies: Sequence[uuid.UUID], asked: int, text: str) -> Hint | None:
    if not replies:
        return None
    return Hint(
        code,
        text % {"number": len(replies)},
        {code: len(replies), "questions": asked, "weeks": REPLY_WEEKS},
        list(replies[:SHOWN]),
        Action(_("Ask the newest again"), "POST", f"/api/replies/{replies[0]}/retry"),
    )


def _profile(preferences: TeacherPreferences | None, questions: int) -> Hint | None:
    is_known = preferences and (preferences.grade_level or preferences.subject_areas)
    if is_known or questions < QUESTIONS_BEFORE_PROFILE:
        return None
    return Hint(
        "no_profile",
        _("You have not said which grade and subjects you teach; answers would fit better."),
        {"questions": questions},
        [],
        Action(_("Say so"), "PATCH", "/api/preferences"),
    )
