"""The seasons of the school year, by federal state; what is not known is not said."""

import datetime as dt

import pytest

from artifacts.recommendations.management.commands.write_school_holidays import table
from artifacts.recommendations.school_year import FILE, school_holidays, season_text, seasons
from eduhu.jsonio import loads
from teachers.models import FEDERAL_STATES

pytestmark = pytest.mark.claim(94)


def test_the_table_is_what_the_package_says():
    kept = loads(FILE.read_bytes())
    made = table()
    made["states"] = {state: [list(row) for row in rows] for state, rows in made["states"].items()}
    assert kept == made, "run manage.py write_school_holidays"


def test_every_state_has_its_holidays_each_year():
    assert set(school_holidays()) == set(FEDERAL_STATES)
    for rows in school_holidays().values():
        for year in range(2026, 2029):
            names = {name for name, first, _last in rows if first.year == year}
            assert names >= {"easter", "summer", "autumn", "christmas"}
        assert rows == sorted(rows, key=lambda row: row[1])
        assert all(first <= last for _name, first, last in rows)


@pytest.mark.parametrize(
    ("day", "state", "expected"),
    [
        ("2026-10-04", "BY", {"school_start"}),
        ("2026-10-05", "BY", {"autumn", "school_start"}),  # 28 days before 2 November
        ("2026-11-01", "BY", {"autumn"}),
        ("2026-11-02", "BY", set()),
        ("2026-11-26", "BY", {"christmas"}),
        ("2026-09-14", "BY", set()),
        ("2026-09-15", "BY", {"school_start"}),
        ("2026-08-20", "BY", set()),
        ("2027-01-20", "BY", {"winter"}),  # Bavaria calls them spring holidays
        ("2026-09-21", "BE", {"autumn"}),
        ("2026-12-10", None, {"christmas"}),
        ("2026-08-20", None, set()),  # every state is somewhere else
        ("2023-12-10", "BY", set()),
        ("2041-12-10", None, set()),
    ],
)
def test_the_season_is_right(day, state, expected):
    assert seasons(dt.date.fromisoformat(day), state) == expected


def test_a_season_is_said_with_its_state():
    assert season_text("summer", "SL") == "Vor den Sommerferien (Saarland)"
    assert season_text("summer", None) == "Vor den Sommerferien"
