"""A mystery: a puzzling question, cards to be sorted, and an answer that they support."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from artifacts.kinds.base import Document, Kind
from artifacts.kinds.parts import STEP, about, in_minutes, steps
from artifacts.kinds.rules import adds_up, unique
from artifacts.kinds.schema import identifier, many, minutes, record, text
from artifacts.models import ArtifactType
from artifacts.sheets import Heading, Pages, Paragraph, Table, section


def render(document: Document) -> Pages:
    """Print question and cards, which are to be cut out; the answer is for the teacher."""
    cards = tuple((str(n), card["text"]) for n, card in enumerate(document["cards"], 1))
    return Pages(
        [
            about(document, f"{_('Time')}: {in_minutes(document['minutes'])}"),
            Heading(_("Question")), Paragraph(document["question"]),
            *section(_("Tasks"), document["tasks"]),
            Heading(_("Cards")), Table((_("No."), _("Information")), cards, (10, 90)),
        ],
        [
            Heading(_("Solution")), Paragraph(document["solution"]),
            Heading(_("Course")), steps(document),
        ],
    )  # fmt: skip


KIND = Kind(
    name="mystery",
    artifact_type=ArtifactType.ACTIVITY,
    display_name=gettext_lazy("Mystery"),
    risk="minimal",
    required={
        "question": text(), "minutes": minutes(), "tasks": many(text(), 1, 20),
        "cards": many(record({"id": identifier(), "text": text()}), 3, 40),
        "steps": many(STEP, 1, 30), "solution": text(),
    },
    rules=(adds_up("steps", "minutes", "minutes"), unique("cards")),
    render=render,
)  # fmt: skip
