"""A differentiated set: one goal on three levels, with solutions that the levels share."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from artifacts.kinds.base import Document, Kind, Problem
from artifacts.kinds.parts import about, name_line
from artifacts.kinds.rules import repeated, unique
from artifacts.kinds.schema import choice, identifier, many, record, text
from artifacts.models import ArtifactType
from artifacts.sheets import Block, Heading, PageBreak, Pages, Paragraph, Table

NAMES = ("basic", "middle", "advanced")


def three_levels(document: Document) -> Iterator[Problem]:
    """Each level is there once, from the easiest on."""
    for number, level in enumerate(document["levels"]):
        if level["name"] != NAMES[number]:
            yield (
                ("levels", number, "name"),
                _("The levels are basic, middle and advanced, in this order."),
            )


def tasks_of_all_levels(document: Document) -> Iterator[Problem]:
    """No two tasks have one id; each solution has a task, and each task a solution."""
    known = {solution["id"] for solution in document["solutions"]}
    used = set()
    for number, level in enumerate(document["levels"]):
        yield from repeated(level["tasks"], "id", ("levels", number, "tasks"))
        for place, task in enumerate(level["tasks"]):
            used.add(task["solution_id"])
            if task["solution_id"] not in known:
                yield (
                    ("levels", number, "tasks", place, "solution_id"),
                    _("There is no solution with this id."),
                )
    for number, solution in enumerate(document["solutions"]):
        if solution["id"] not in used:
            yield ("solutions", number, "id"), _("No task has this solution.")


def render(document: Document) -> Pages:
    """Print a page for each level; the solutions say which tasks they belong to."""
    labels = (_("Basic"), _("Middle"), _("Advanced"))
    body: list[Block] = []
    places: dict[str, list[str]] = {}
    for label, level in zip(labels, document["levels"], strict=True):
        body += [*([PageBreak()] if body else []), Heading(label), name_line()]
        body += [about(document), Paragraph(f"{_('Goal')}: {document['goal']}")]
        for number, task in enumerate(level["tasks"], 1):
            places.setdefault(task["solution_id"], []).append(f"{label} {number}")
            body += [Heading(f"{_('Task')} {number}", 2), Paragraph(task["text"])]
            if "help" in task:
                body.append(Paragraph(f"{_('Help')}: {task['help']}", is_note=True))
    rows = tuple(
        (", ".join(places.get(each["id"], ())), each["text"]) for each in document["solutions"]
    )
    return Pages(
        body, [Heading(_("Solutions")), Table((_("Tasks"), _("Solution")), rows, (30, 70))]
    )


TASK = record({"id": identifier(), "text": text(), "solution_id": identifier()}, {"help": text()})
KIND = Kind(
    name="differentiated",
    artifact_type=ArtifactType.WORKSHEET,
    display_name=gettext_lazy("Differentiated set"),
    risk="minimal",
    required={
        "goal": text(),
        "levels": many(record({"name": choice(*NAMES), "tasks": many(TASK, 1, 30)}), 3, 3),
        "solutions": many(record({"id": identifier(), "text": text()}), 1, 90),
    },
    rules=(three_levels, unique("solutions"), tasks_of_all_levels),
    render=render,
)
