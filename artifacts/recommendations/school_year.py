"""Which season of the school year it is, in each federal state.

`school_holidays.json` holds the school holidays of all states, which
`manage.py write_school_holidays` takes from the package `holidays`: the package itself would
cost a web process 18 MB. Outside the years that it knows nothing is said.
"""

import datetime as dt
from collections import Counter
from functools import cache, lru_cache
from pathlib import Path

import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from teachers.models import FEDERAL_STATES

FILE = Path(__file__).with_name("school_holidays.json")
BEFORE = dt.timedelta(days=28)  # so long before holidays begin is their season
AFTER_SUMMER = dt.timedelta(days=28)
MOST_STATES = 12  # of 16: then it is the season also for who named no state
START = "school_start"

SEASONS: dict[str, Promise | str] = {
    START: gettext_lazy("For the first weeks of the school year"),
    "autumn": gettext_lazy("Before the autumn holidays"),
    "christmas": gettext_lazy("Before the Christmas holidays"),
    "winter": gettext_lazy("Before the winter holidays"),
    "easter": gettext_lazy("Before the Easter holidays"),
    "pentecost": gettext_lazy("Before the holidays in May"),
    "summer": gettext_lazy("Before the summer holidays"),
}

Holidays = tuple[str, dt.date, dt.date]  # which, and their first and last day


@cache
def school_holidays() -> dict[str, list[Holidays]]:
    """Return the holidays of each state, in the order of time."""
    kept = orjson.loads(FILE.read_bytes())["states"]
    day = dt.date.fromisoformat
    return {
        state: [(name, day(first), day(last)) for name, first, last in rows]
        for state, rows in kept.items()
    }


@lru_cache(maxsize=64)
def seasons(today: dt.date, state: str | None) -> frozenset[str]:
    """Return the seasons that a state is in; without one, those that most states are in."""
    known = school_holidays()
    if state is not None:
        return frozenset(_seasons(today, known.get(state, [])))
    counted = Counter(name for rows in known.values() for name in _seasons(today, rows))
    return frozenset(name for name, states in counted.items() if states >= MOST_STATES)


def _seasons(today: dt.date, rows: list[Holidays]) -> set[str]:
    found = {name for name, first, _last in rows if first - BEFORE <= today < first}
    ended = (last for name, _first, last in rows if name == "summer")
    if any(last < today <= last + AFTER_SUMMER for last in ended):
        found.add(START)
    return found


def season_text(season: str, state: str | None) -> str:
    """Say a season: before the autumn holidays in Bayern."""
    if state is None:
        return str(SEASONS[season])
    names = {"season": SEASONS[season], "state": FEDERAL_STATES[state]}
    return _("%(season)s in %(state)s") % names
