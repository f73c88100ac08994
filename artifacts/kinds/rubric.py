"""A rubric: criteria on a scale, whose points add up. It describes work, and judges nobody."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from artifacts.kinds.base import Document, Kind, Problem
from artifacts.kinds.parts import GRADE_KEY, about, grade_key, in_points, total
from artifacts.kinds.rules import falling_grades, unique, wrong_sum
from artifacts.kinds.schema import identifier, line, many, points, record, text
from artifacts.models import ArtifactType
from artifacts.sheets import Heading, Pages, Paragraph, Table

CRITERION = record(
    {
        "id": identifier(),
        "name": line(),
        "levels": many(record({"text": text(), "points": points()}), 2, 6),
    }
)


def levels_fit_the_scale(document: Document) -> Iterator[Problem]:
    """Each criterion says something to each step of the scale, the most points first."""
    for number, criterion in enumerate(document["criteria"]):
        worths = [level["points"] for level in criterion["levels"]]
        if len(worths) != len(document["scale"]):
            yield ("criteria", number, "levels"), _("There must be one for each step of the scale.")
        elif worths != sorted(worths, reverse=True):
            yield ("criteria", number, "levels"), _("The points must fall from step to step.")


def best_adds_up(document: Document) -> Iterator[Problem]:
    """The best of each criterion sums up to the total."""
    found = sum(criterion["levels"][0]["points"] for criterion in document["criteria"])
    if found != document["total_points"]:
        yield ("total_points",), wrong_sum(found, document["total_points"])


def render(document: Document) -> Pages:
    """Print the criteria as a table."""
    rows = tuple(
        (
            criterion["name"],
            *(f"{each['text']} ({in_points(each['points'])})" for each in criterion["levels"]),
        )
        for criterion in document["criteria"]
    )
    return Pages(
        [
            about(document),
            Heading(_("What is assessed")), Paragraph(document["product"]),
            Heading(_("Criteria")), Table((_("Criterion"), *document["scale"]), rows),
            total(document),
            *grade_key(document),
        ]
    )  # fmt: skip


KIND = Kind(
    name="rubric",
    artifact_type=ArtifactType.RUBRIC,
    display_name=gettext_lazy("Rubric"),
    risk="limited",
    required={
        "product": text(),
        "scale": many(line(), 2, 6),
        "criteria": many(CRITERION, 1, 30),
        "total_points": points(100_000),
    },
    optional={"grade_key": GRADE_KEY},
    rules=(unique("criteria"), levels_fit_the_scale, best_adds_up, falling_grades),
    render=render,
)
