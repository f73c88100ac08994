"""A lesson plan: phases in a table, whose minutes add up."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from artifacts.kinds.base import Document, Kind
from artifacts.kinds.parts import about, in_minutes
from artifacts.kinds.rules import adds_up
from artifacts.kinds.schema import line, many, minutes, record, text, whole
from artifacts.models import ArtifactType
from artifacts.sheets import Heading, Pages, Paragraph, Table, optional, section

PHASE = record(
    {
        "name": line(), "minutes": whole(1, 600), "teacher": text(), "pupils": text(),
        "form": line(), "media": text(),
    }
)  # fmt: skip


def render(document: Document) -> Pages:
    """Print the plan; it is for the teacher alone, and has no answers."""
    phases = Table(
        (_("Phase"), _("Time"), _("Teacher"), _("Pupils"), _("Social form"), _("Media")),
        tuple(
            (
                phase["name"], in_minutes(phase["minutes"]), phase["teacher"], phase["pupils"],
                phase["form"], phase["media"],
            )
            for phase in document["phases"]
        ),
        (14, 10, 24, 24, 13, 15),
    )  # fmt: skip
    return Pages(
        [
            about(document, f"{_('Time')}: {in_minutes(document['minutes'])}"),
            Heading(_("Goal")), Paragraph(document["goal"]),
            Heading(_("Course of the lesson")), phases,
            *section(_("Materials"), document.get("materials")),
            *optional(_("Differentiation"), document.get("differentiation")),
            *optional(_("Homework"), document.get("homework")),
        ]
    )  # fmt: skip


KIND = Kind(
    name="lesson_plan",
    artifact_type=ArtifactType.LESSON_PLAN,
    display_name=gettext_lazy("Lesson plan"),
    risk="minimal",
    required={"goal": text(), "minutes": minutes(), "phases": many(PHASE, 1, 40)},
    optional={"materials": many(line(), 0, 50), "differentiation": text(), "homework": text()},
    rules=(adds_up("phases", "minutes", "minutes"),),
    render=render,
)
