"""What e-mails say, in the language of who gets them."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from teachers.mail.models import Mailing


def message_of(mailing: Mailing, token: str) -> EmailMessage:
    """Return the e-mail; the same one however often it is made."""
    base = settings.PUBLIC_URL.rstrip("/")
    stop = base + reverse("unsubscribe", args=[token])
    with translation.override(mailing.teacher.language):
        subject, lines = _TEXTS[mailing.kind](mailing.facts)
        greeting = _("Hello %(name)s,") % {"name": mailing.teacher.name or mailing.teacher.email}
        last = _("You no longer want these e-mails? %(address)s") % {"address": stop}
        body = "\n".join([greeting, "", *lines, "", base, "", "-- ", f"eduhu · {last}", ""])
    return EmailMessage(
        subject=subject,
        body=body,
        to=[mailing.teacher.email],
        headers={
            "Message-ID": f"<{mailing.pk}@eduhu>",  # who gets it twice sees it once
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058
            "Auto-Submitted": "auto-generated",
        },
    )


def _export_ready(facts: dict[str, Any]) -> tuple[str, list[str]]:
    name = {"name": " ".join(str(facts["name"]).split())}
    lines = [
        _("your export “%(name)s” is ready to be fetched.") % name,
        _("It is kept for %(days)s days.") % {"days": facts["days"]},
    ]
    return _("Your export is ready: %(name)s") % name, lines


def _weekly_summary(facts: dict[str, Any]) -> tuple[str, list[str]]:
    lines = [_("this was your last week with eduhu:"), ""]
    for number, text in (
        (facts["chats"], ngettext("%(n)s chat begun", "%(n)s chats begun", facts["chats"])),
        (facts["messages"], ngettext("%(n)s question", "%(n)s questions", facts["messages"])),
        (
            facts["artifacts"],
            ngettext("%(n)s piece of material", "%(n)s pieces of material", facts["artifacts"]),
        ),
    ):
        lines.append("- " + text % {"n": number})
    return _("Your week with eduhu"), lines


_TEXTS = {"export_ready": _export_ready, "weekly_summary": _weekly_summary}
