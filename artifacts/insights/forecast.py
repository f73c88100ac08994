"""The learned insight: which material a teacher will probably still need, and why."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from artifacts.insights.hints import Action
from artifacts.insights.material import FIRST_DAY, OUTCOME_KNOWN, Material, habit_before
from artifacts.insights.model import Learned, learned
from eduhu.db import now

logger = logging.getLogger(__name__)
REASONS = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """A feature that speaks for the material, and what it adds to the log-odds."""

    feature: str
    text: str
    effect: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """The likeliest material, how likely, against what share, and the strongest reasons."""

    material: Material
    probability: float
    reasons: list[Reason]
    learned: Learned

    @property
    def text(self) -> str:
        """The guess in words."""
        title = {"title": self.material.title}
        return _("You will probably still need “%(title)s”; it was never exported.") % title

    @property
    def action(self) -> Action:
        """What can be done about it."""
        path = f"/api/artifacts/{self.material.id}/export?format=docx"
        return Action(_("Export it"), "GET", path)


def forecast(materials: Sequence[Material]) -> Forecast | None:
    """Return what one teacher will likeliest use of the last two weeks' unused material.

    None where nothing is likelier than the average, or where there are no weights.
    """
    open_now = [
        each for each in materials
        if each.exported_at is None and FIRST_DAY <= now() - each.created_at < OUTCOME_KNOWN
    ]  # fmt: skip
    if not open_now:
        return None
    try:
        used = learned()
    except (OSError, ValueError):
        logger.exception("no weights for insights")
        return None
    habits = {each.id: habit_before(materials, each.created_at) for each in open_now}

    def probability(material: Material) -> float:
        return used.model.probability(material.features(habits[material.id]))

    likeliest = max(open_now, key=probability)
    if probability(likeliest) <= used.base_rate:
        return None
    why = reasons(used, likeliest, habits[likeliest.id])
    return Forecast(likeliest, probability(likeliest), why, used)


def reasons(used: Learned, material: Material, habit: float) -> list[Reason]:
    """Return what speaks for it most, the strongest first."""
    effects = used.model.effects(material.features(habit))
    strongest = sorted(effects.items(), key=lambda item: -item[1])
    found = [
        Reason(name, _REASONS[name](material, habit), round(effect, 3))
        for name, effect in strongest
        if effect > 0
    ]
    return [reason for reason in found if reason.text][:REASONS]


def _edits(material: Material, _habit: float) -> str:
    number = material.edits
    text = ngettext("You edited it once.", "You edited it %(number)d times.", number)
    return text % {"number": number} if number else ""


def _habit(_material: Material, habit: float) -> str:
    text = _("You take along about %(percent)d %% of what you keep.")
    return text % {"percent": round(habit * 100)}


def _said(name: str, text: Callable[[], str]) -> Callable[[Material, float], str]:
    """Give a reason only where the feature is there; that it is not would be hard to read."""
    return lambda material, habit: text() if _is_there(name, material) else ""


def _is_there(name: str, material: Material) -> bool:
    return {
        "is_worksheet": material.artifact_type == "worksheet",
        "is_rubric": material.artifact_type == "rubric",
        "is_activity": material.artifact_type == "activity",
        "is_from_answer": material.is_from_answer,
        "is_thumb_up": material.is_helpful is True,
    }[name]


_REASONS: dict[str, Callable[[Material, float], str]] = {
    "is_worksheet": _said("is_worksheet", lambda: _("It is a worksheet.")),
    "is_rubric": _said("is_rubric", lambda: _("It is a rubric.")),
    "is_activity": _said("is_activity", lambda: _("It is an activity.")),
    "length": lambda _material, _habit: _("It is longer than most."),
    "edits": _edits,
    "is_from_answer": _said("is_from_answer", lambda: _("It comes from a chat.")),
    "is_thumb_up": _said("is_thumb_up", lambda: _("You found the answer helpful.")),
    "is_thumb_down": lambda _material, _habit: "",
    "is_before_school": lambda _material, _habit: _("It was made on the eve of a school day."),
    "habit": _habit,
}
