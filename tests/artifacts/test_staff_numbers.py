"""What staff see of all teachers' work: sums of groups, never of anybody."""

import datetime as dt

import pytest

from artifacts.models import Artifact, ArtifactExport
from chats.models import Chat, Message
from eduhu.db import now
from tests.admin import page, queries_of, staff_client
from tests.factories import make_chat, make_teacher

pytestmark = pytest.mark.django_db
CODE = "Geheimwort"


def work(teachers, topic, thumb=None, kept=True):
    for teacher in teachers:
        chat = make_chat(teacher, title=CODE)
        Message.objects.create(
            chat=chat, role="user", content=CODE, educational_topics=[topic, CODE]
        )
        Message.objects.create(
            chat=chat, role="assistant", content=CODE, is_helpful=thumb, feedback_comment=CODE
        )
        if kept:
            Artifact.objects.create(
                teacher=teacher, chat=chat, title=CODE, content=CODE, artifact_type="worksheet"
            )


def rows(staff, table):
    """The rows of a table by their first two cells that name them."""
    context = staff.get(page(ArtifactExport), headers={"Accept-Language": "en"}).context
    return [dict(zip(map(str, context[table]["headers"]), row, strict=True))
            for row in context[table]["rows"]]  # fmt: skip


def the_week(staff):
    """The one row of both tables."""
    [work], [course] = rows(staff, "weeks"), rows(staff, "course")
    return work | course


@pytest.mark.claim(66)
def test_a_number_is_about_five_teachers_or_it_is_not_shown():
    staff = staff_client()
    teachers = [make_teacher() for _ in range(5)]
    work(teachers[:4], "assessment", thumb=True)
    week = the_week(staff)
    assert {week[name] for name in ("Teachers", "Questions", "Material", "Edited")} == {"< 5"}
    assert rows(staff, "topics") == []
    work(teachers[4:], "worksheets", kept=False)
    week = the_week(staff)
    wanted = {
        "Teachers": "5", "Questions": "5", "Answers": "5", "Helpful / not": "< 5",
        "Material": "< 5", "Chats → material → exported → reused": "5 → 4 → 0 → 0",
        "Stopped": "–",
    }  # fmt: skip
    assert {name: week[name] for name in wanted} == wanted
    assert rows(staff, "topics") == []  # four here, one there
    work(teachers[4:], "assessment", thumb=False)
    week = the_week(staff)
    assert (week["Helpful / not"], week["Material"]) == ("4 / 1", "5")
    assert [(row["Topic"], row["Questions"], row["Teachers"]) for row in rows(staff, "topics")] == [
        ("Assessment", "5", "5")
    ]


@pytest.mark.claim(66)
def test_no_word_of_anybody_is_there_and_the_page_takes_few_queries():
    work([make_teacher() for _ in range(6)], "assessment", thumb=True)
    staff = staff_client()
    answer = staff.get(page(ArtifactExport))
    assert answer.status_code == 200
    assert CODE not in answer.text
    first = queries_of(staff, page(ArtifactExport))
    work([make_teacher() for _ in range(6)], "worksheets")
    assert queries_of(staff, page(ArtifactExport)) == first <= 10
    Chat.objects.update(created_at=now() - dt.timedelta(weeks=9))
    Message.objects.update(timestamp=now() - dt.timedelta(weeks=9))
    Artifact.objects.update(created_at=now() - dt.timedelta(weeks=9))
    assert rows(staff, "weeks") == []


def test_only_who_may_sees_it():
    assert staff_client(is_superuser=False).get(page(ArtifactExport)).status_code == 403
    allowed = staff_client("artifacts.view_artifactexport", is_superuser=False)
    assert allowed.get(page(ArtifactExport)).status_code == 200
