"""A worksheet: tasks with points that add up, and their solutions apart."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from artifacts.kinds.base import Document, Kind
from artifacts.kinds.parts import TASK, about, in_minutes, name_line, tasks, total
from artifacts.kinds.rules import adds_up, unique
from artifacts.kinds.schema import many, minutes, points, record, text, whole
from artifacts.models import ArtifactType
from artifacts.sheets import Block, Heading, Pages, Paragraph, Table


def render(document: Document) -> Pages:
    """Print the tasks, and the solutions for the teacher."""
    body: list[Block] = [name_line()]
    given = document.get("minutes")
    body.append(about(document, *([f"{_('Time')}: {in_minutes(given)}"] if given else [])))
    if "instructions" in document:
        body.append(Paragraph(document["instructions"]))
    body += [*tasks(document["tasks"]), total(document)]
    rows = tuple((str(n), task["solution"]) for n, task in enumerate(document["tasks"], 1))
    return Pages(body, [Heading(_("Solutions")), Table((_("Task"), _("Solution")), rows, (12, 88))])


KIND = Kind(
    name="worksheet",
    artifact_type=ArtifactType.WORKSHEET,
    display_name=gettext_lazy("Worksheet"),
    risk="minimal",
    required={
        "tasks": many(
            record({**TASK, "solution": text()}, {"help": text(), "lines": whole(0, 40)}), 1, 60
        ),
        "total_points": points(100_000),
    },
    optional={"instructions": text(), "minutes": minutes()},
    rules=(adds_up("tasks", "points", "total_points"), unique("tasks")),
    render=render,
)
