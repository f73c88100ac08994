"""Help cards for a task: the least help first, to be taken when it is needed."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from artifacts.kinds.base import Document, Kind
from artifacts.kinds.parts import about
from artifacts.kinds.rules import unique
from artifacts.kinds.schema import choice, identifier, line, many, record, text
from artifacts.models import ArtifactType
from artifacts.sheets import Block, Heading, Items, Pages, Paragraph, Style

AIDS = ("language", "method", "content")
DEGREES = ("minimal", "medium", "full")
_STYLES: dict[str, Style] = {"points": "bullet", "checklist": "box"}
CARD = record(
    {
        "id": identifier(), "title": line(), "degree": choice(*DEGREES),
        "form": choice("points", "text", "checklist"), "lines": many(text(), 1, 30),
    }
)  # fmt: skip


def render(document: Document) -> Pages:
    """Print the task and its cards."""
    aids = dict(zip(AIDS, (_("language"), _("method"), _("content")), strict=True))
    degrees = dict(zip(DEGREES, (_("minimal"), _("medium"), _("full")), strict=True))
    body: list[Block] = [
        about(document, f"{_('Kind of help')}: {aids[document['aid']]}"),
        Heading(_("Task")),
        Paragraph(document["task"]),
    ]
    for number, card in enumerate(document["cards"], 1):
        degree = degrees[card["degree"]]
        body.append(Heading(f"{_('Help card')} {number}: {card['title']} ({degree})"))
        if card["form"] == "text":
            body += [Paragraph(each) for each in card["lines"]]
        else:
            body.append(Items(tuple(card["lines"]), _STYLES[card["form"]]))
    return Pages(body)


KIND = Kind(
    name="help_cards",
    artifact_type=ArtifactType.WORKSHEET,
    display_name=gettext_lazy("Help cards"),
    risk="minimal",
    required={"task": text(), "aid": choice(*AIDS), "cards": many(CARD, 1, 20)},
    rules=(unique("cards"),),
    render=render,
)
