"""Why something is recommended, in the reader's words."""

from django.utils.translation import gettext as _

from artifacts.recommendations.ranking import Context, Item, Ranked
from artifacts.recommendations.school_year import season_text
from chats.topics import TOPICS

CODES = (
    "fits_chat", "fits_recent", "profile", "season", "topic", "own", "shared", "starter",
)  # fmt: skip


def reason(ranked: Ranked, context: Context) -> dict[str, str]:
    """Return a reason's code, and what it says."""
    return {"code": ranked.reason, "text": _text(ranked.reason, ranked.item, context)}


def _text(code: str, item: Item, context: Context) -> str:
    match code:
        case "fits_chat":
            return _("Fits what this chat is about")
        case "fits_recent":
            return _("Fits your last chats")
        case "season":
            [season, *_others] = sorted(context.seasons.intersection(item.seasons))
            return season_text(season, context.state)
        case "topic":
            return _("Helps with: %(topic)s") % {"topic": TOPICS[context.topic or "other"]}
        case "profile":
            return _profile(item, context)
        case "shared" if item.owner_name:
            return _("Shared with you by %(name)s") % {"name": item.owner_name}
        case "shared":
            return _("Shared with you")
        case "own":
            return _("From your own material")
    return _("From the starter library")


def _profile(item: Item, context: Context) -> str:
    fits_grade = bool(item.grades & context.grades)
    if item.subject_key not in context.subjects:
        return _("For the grade you teach: %(grade)s") % {"grade": item.grade}
    if not fits_grade:
        return _("For a subject you teach: %(subject)s") % {"subject": item.subject}
    names = {"subject": item.subject, "grade": item.grade}
    return _("For a subject and grade you teach: %(subject)s, %(grade)s") % names
