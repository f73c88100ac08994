"""An escape room: a story, riddles with codes, and the way out."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from artifacts.kinds.base import Document, Kind
from artifacts.kinds.parts import STEP, about, in_minutes, steps
from artifacts.kinds.rules import adds_up, unique
from artifacts.kinds.schema import identifier, line, many, minutes, record, text
from artifacts.models import ArtifactType
from artifacts.sheets import Block, Heading, Pages, Paragraph, Table, section

RIDDLE = record(
    {"id": identifier(), "title": line(), "task": text(), "code": line(), "solution": text()},
    {"hint": text()},
)


def render(document: Document) -> Pages:
    """Print story and riddles; codes, hints and the course are for the teacher."""
    body: list[Block] = [
        about(document, f"{_('Time')}: {in_minutes(document['minutes'])}"),
        Heading(_("Story")),
        Paragraph(document["story"]),
    ]
    for number, riddle in enumerate(document["riddles"], 1):
        body += [
            Heading(f"{_('Riddle')} {number}: {riddle['title']}"),
            Paragraph(riddle["task"]),
            Paragraph(_("Code: ______________")),
        ]
    rows = tuple(
        (str(number), riddle["code"], riddle["solution"], riddle.get("hint", "–"))
        for number, riddle in enumerate(document["riddles"], 1)
    )
    return Pages(
        body,
        [
            Heading(_("Solutions")),
            Table((_("Riddle"), _("Code"), _("Solution"), _("Hint")), rows, (12, 18, 40, 30)),
            Heading(_("Course")), steps(document),
            Heading(_("The way out")), Paragraph(document["finale"]),
            *section(_("Materials"), document.get("materials")),
        ],
    )  # fmt: skip


KIND = Kind(
    name="escape_room",
    artifact_type=ArtifactType.ACTIVITY,
    display_name=gettext_lazy("Escape room"),
    risk="minimal",
    required={
        "story": text(), "minutes": minutes(), "riddles": many(RIDDLE, 1, 20),
        "steps": many(STEP, 1, 30), "finale": text(),
    },
    optional={"materials": many(line(), 0, 50)},
    rules=(adds_up("steps", "minutes", "minutes"), unique("riddles")),
    render=render,
)  # fmt: skip
