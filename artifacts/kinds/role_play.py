"""A role play: a situation, cards for those who play, and something to do for those who watch."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from artifacts.kinds.base import Document, Kind
from artifacts.kinds.parts import STEP, about, in_minutes, steps
from artifacts.kinds.rules import adds_up, unique
from artifacts.kinds.schema import identifier, line, many, minutes, record, text
from artifacts.models import ArtifactType
from artifacts.sheets import Block, Heading, Pages, Paragraph, section


def render(document: Document) -> Pages:
    """Print situation and cards; course and talk afterwards are for the teacher."""
    roles: list[Block] = []
    for role in document["roles"]:
        roles += [Heading(f"{_('Role')}: {role['name']}"), Paragraph(role["card"])]
    return Pages(
        [
            about(document, f"{_('Time')}: {in_minutes(document['minutes'])}"),
            Heading(_("Situation")), Paragraph(document["situation"]),
            *roles,
            *section(_("For those who watch"), document.get("observers")),
        ],
        [
            Heading(_("Course")), steps(document),
            *section(_("Talk afterwards"), document["reflection"]),
        ],
    )  # fmt: skip


KIND = Kind(
    name="role_play",
    artifact_type=ArtifactType.ACTIVITY,
    display_name=gettext_lazy("Role play"),
    risk="minimal",
    required={
        "situation": text(), "minutes": minutes(),
        "roles": many(record({"id": identifier(), "name": line(), "card": text()}), 2, 20),
        "steps": many(STEP, 1, 30), "reflection": many(text(), 1, 20),
    },
    optional={"observers": many(text(), 0, 20)},
    rules=(adds_up("steps", "minutes", "minutes"), unique("roles")),
    render=render,
)  # fmt: skip
