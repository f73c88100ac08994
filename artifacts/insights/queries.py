"""Insights in the form the API shows them."""

from dataclasses import asdict
from typing import Any

from artifacts.insights import analytics, weeks
from artifacts.insights.forecast import Forecast, forecast
from artifacts.insights.hints import hints
from artifacts.insights.material import newest
from artifacts.models import Artifact
from teachers.models import Teacher
from teachers.notifications import switches
from teachers.queries import saved_preferences

Document = dict[str, Any]
WEEKS = 4
SWITCH = "insights"  # in `notification_settings`; false switches all of it off
NOTHING: Document = {"is_on": False, "numbers": None, "hints": [], "forecast": None}


def teacher_insights(teacher: Teacher) -> Document:
    """Return a teacher's own numbers, what is worth doing, and what they may still need.

    Nothing is even counted for who has switched it off. Not cached, as the numbers are not.
    """
    preferences = saved_preferences(teacher)
    if preferences is not None and not switches(preferences.notification_settings)[SWITCH]:
        return NOTHING
    numbers = analytics.numbers(weeks.count(weeks.Rows.of_teacher(teacher), WEEKS))
    materials = newest(Artifact.objects.for_teacher(teacher))
    found = hints(teacher, materials, preferences, numbers["questions"])
    guess = forecast(materials)
    return {
        "is_on": True,
        "numbers": {"begins": weeks.first_monday(WEEKS).date(), **numbers},
        "hints": [asdict(hint) for hint in found],
        "forecast": None if guess is None else _shown(guess),
    }


def _shown(guess: Forecast) -> Document:
    learned = guess.learned
    return {
        "artifact_id": guess.material.id,
        "text": guess.text,
        "probability": round(guess.probability, 3),
        "base_rate": round(learned.base_rate, 3),
        "reasons": [asdict(reason) for reason in guess.reasons],
        "action": asdict(guess.action),
        "model": {
            "trained_on": learned.trained_on,
            "examples": learned.examples,
            "auc": round(learned.auc, 3),
        },
    }
