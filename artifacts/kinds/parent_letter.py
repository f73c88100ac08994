"""A letter to parents, with a slip to return if an answer is needed."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from artifacts.kinds.base import Document, Kind
from artifacts.kinds.schema import line, many, record, text
from artifacts.models import ArtifactType
from artifacts.sheets import Block, Heading, Pages, Paragraph


def render(document: Document) -> Pages:
    """Print the letter, its subject in front."""
    body: list[Block] = []
    if "date" in document:
        body.append(Paragraph(document["date"]))
    known = [document.get("subject"), document.get("grade")]
    body.append(Heading(" · ".join(filter(None, [document["topic"], *known]))))
    body.append(Paragraph(document["salutation"]))
    body += [Paragraph(each) for each in document["paragraphs"]]
    body.append(Paragraph(f"{document['closing']}\n{document['sender']}"))
    if slip := document.get("reply_slip"):
        until = f" ({_('please return by')} {slip['return_by']})" if "return_by" in slip else ""
        body += [
            Heading(_("Reply slip") + until),
            Paragraph(slip["text"]),
            Paragraph(_("Name of the child: ____________________   Signature: ________________")),
        ]
    return Pages(body)


KIND = Kind(
    name="parent_letter",
    artifact_type=ArtifactType.WORKSHEET,
    display_name=gettext_lazy("Letter to parents"),
    risk="limited",
    required={
        "salutation": line(), "paragraphs": many(text(), 1, 30), "closing": line(),
        "sender": line(),
    },
    optional={"date": line(), "reply_slip": record({"text": text()}, {"return_by": line()})},
    render=render,
)  # fmt: skip
