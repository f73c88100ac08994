"""`manage.py write_school_holidays`: take over the school holidays that `holidays` knows."""

import datetime as dt
from typing import Any

import orjson
from django.core.management.base import BaseCommand

from artifacts.recommendations.school_year import FILE
from teachers.models import FEDERAL_STATES

YEARS = range(2024, 2030)  # what the package knows from here on; the first begins in holidays
SHORTEST = 3  # days; single free days make no season
LONGEST_GAP = dt.timedelta(days=5)  # a weekend and public holidays within holidays
NAMES = {
    "Sommerferien": "summer",
    "Herbstferien": "autumn",
    "Weihnachtsferien": "christmas",
    "Winterferien": "winter",
    "Oster-/Frühjahrsferien": "easter",
    "Himmelfahrts-/Pfingstferien": "pentecost",
}
MARCH = 3


class Command(BaseCommand):
    help = "Write school_holidays.json from the package `holidays`."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        FILE.write_bytes(orjson.dumps(table(), option=orjson.OPT_INDENT_2) + b"\n")
        self.stdout.write(f"{FILE.name} is written")


def table() -> dict[str, Any]:
    """Return what the file holds."""
    return {
        "from": YEARS[0] + 1,
        "until": YEARS[-1],
        "states": {state: _holidays(state) for state in FEDERAL_STATES},
    }


def _holidays(state: str) -> list[tuple[str, str, str]]:
    from holidays.countries.germany import Germany  # of development only

    days = Germany(years=YEARS, subdiv=state, categories=("school",), language="de")
    ranges: list[tuple[str, dt.date, dt.date]] = []
    for day, name in sorted(days.items()):
        if ranges and ranges[-1][0] == name and day - ranges[-1][2] <= LONGEST_GAP:
            ranges[-1] = (name, ranges[-1][1], day)
        else:
            ranges.append((name, day, day))
    return [
        (_season(name, first), first.isoformat(), last.isoformat())
        for name, first, last in ranges
        if (last - first).days + 1 >= SHORTEST and first > dt.date(YEARS[0], 1, 1)
    ]


def _season(name: str, first: dt.date) -> str:
    """Return our name: what some states call spring holidays is in winter."""
    season = NAMES[name]
    return "winter" if season == "easter" and first.month < MARCH else season
