"""An exam: tasks, what is expected for their points, and the key from points to grades."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from artifacts.kinds.base import Document, Kind, Problem
from artifacts.kinds.parts import (
    GRADE_KEY,
    LEVELS,
    TASK,
    about,
    grade_key,
    in_minutes,
    in_points,
    name_line,
    tasks,
    total,
)
from artifacts.kinds.rules import adds_up, falling_grades, plain, unique, wrong_sum
from artifacts.kinds.schema import line, many, minutes, points, record, text, whole
from artifacts.models import ArtifactType
from artifacts.sheets import Block, Heading, Pages, Paragraph, Table, section


def expectations_add_up(document: Document) -> Iterator[Problem]:
    """What is expected for a task is worth what the task is worth."""
    for number, task in enumerate(document["tasks"]):
        found = sum(each["points"] for each in task["expectation"])
        if found != task["points"]:
            yield ("tasks", number, "points"), wrong_sum(found, task["points"])


def render(document: Document) -> Pages:
    """Print the tasks; the mark scheme and the grade key are for the teacher."""
    body: list[Block] = [
        name_line(),
        about(document, f"{_('Time')}: {in_minutes(document['minutes'])}"),
        *([Paragraph(f"{_('Aids')}: {document['aids']}")] if "aids" in document else []),
        *tasks(document["tasks"]),
        total(document),
        *section(_("Notes"), document.get("notes")),
    ]
    rows = tuple(
        (str(number), each["text"], plain(each["points"]))
        for number, task in enumerate(document["tasks"], 1)
        for each in task["expectation"]
    )
    horizon = Table((_("Task"), _("Expected"), _("Points")), rows, (12, 73, 15))
    answers: list[Block] = [
        Heading(_("Mark scheme")),
        horizon,
        Paragraph(_shares(document)),
    ]
    return Pages(body, [*answers, *grade_key(document)])


def _shares(document: Document) -> str:
    worths = {
        level: sum(task["points"] for task in document["tasks"] if task["level"] == level)
        for level in LEVELS
    }
    return ", ".join(f"{_('AFB')} {level}: {in_points(worth)}" for level, worth in worths.items())


KIND = Kind(
    name="exam",
    artifact_type=ArtifactType.WORKSHEET,
    display_name=gettext_lazy("Exam"),
    risk="limited",
    required={
        "minutes": minutes(),
        "tasks": many(
            record(
                {
                    **TASK,
                    "expectation": many(record({"text": text(), "points": points()}), 1, 40),
                },
                {"lines": whole(0, 40)},
            ),
            1,
            60,
        ),
        "total_points": points(100_000),
        "grade_key": GRADE_KEY,
    },
    optional={"aids": line(), "notes": many(text(), 0, 20)},
    rules=(
        adds_up("tasks", "points", "total_points"),
        unique("tasks"),
        expectations_add_up,
        falling_grades,
    ),
    render=render,
)
