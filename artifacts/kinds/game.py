"""A learning game: what it needs, how it goes, and its rules."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from artifacts.kinds.base import Document, Kind
from artifacts.kinds.parts import STEP, about, in_minutes, steps
from artifacts.kinds.rules import adds_up
from artifacts.kinds.schema import line, many, minutes, text
from artifacts.models import ArtifactType
from artifacts.sheets import Heading, Pages, Paragraph, section


def render(document: Document) -> Pages:
    """Print the game."""
    players = f"{_('Players')}: {document['players']}"
    return Pages(
        [
            about(document, f"{_('Time')}: {in_minutes(document['minutes'])}", players),
            Heading(_("Goal")), Paragraph(document["goal"]),
            *section(_("Materials"), document.get("materials")),
            Heading(_("Course")), steps(document),
            *section(_("Rules"), document["rules"]),
            *section(_("Variations"), document.get("variations")),
        ]
    )  # fmt: skip


KIND = Kind(
    name="game",
    artifact_type=ArtifactType.ACTIVITY,
    display_name=gettext_lazy("Learning game"),
    risk="minimal",
    required={
        "goal": text(), "minutes": minutes(), "players": line(), "steps": many(STEP, 1, 30),
        "rules": many(text(), 1, 30),
    },
    optional={"materials": many(line(), 0, 50), "variations": many(text(), 0, 20)},
    rules=(adds_up("steps", "minutes", "minutes"),),
    render=render,
)  # fmt: skip
