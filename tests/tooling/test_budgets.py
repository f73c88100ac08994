"""`dev.py check --budgets`: twice the cost is noticed, a figure without a budget as well."""

import subprocess
import sys
import tomllib

import pytest

from benchmarks.budgets import FIGURES, FILE, over_budget
from tests.processes import ROOT
from tests.stack import embedded_environment

BUDGETS = tomllib.loads(FILE.read_text())
FOUND = {name: dict(figures) for name, figures in BUDGETS.items()}


def test_what_costs_its_budget_is_within_it():
    assert over_budget(FOUND, BUDGETS) == []


@pytest.mark.parametrize("name", BUDGETS)
def test_every_request_has_all_figures_and_twice_of_any_is_told(name):
    assert set(BUDGETS[name]) == set(FIGURES)
    for figure, budget in BUDGETS[name].items():
        found = {**FOUND, name: {**FOUND[name], figure: 2 * budget + 1}}
        (line,) = over_budget(found, BUDGETS)
        assert name in line
        assert figure in line


def test_a_request_without_a_budget_and_a_budget_without_a_request_are_told():
    (new,) = over_budget({**FOUND, "new": {"calls": 1}}, BUDGETS)
    (gone,) = over_budget(FOUND, {**BUDGETS, "gone": {"calls": 1}})
    assert "no budget" in new
    assert "no such request" in gone


def test_requests_that_take_twice_the_time_are_over_their_budgets(tmp_path):
    environment = embedded_environment(str(tmp_path))
    environment["DJANGO_SETTINGS_MODULE"] = "tests.slowed"
    command = [sys.executable, "-m", "benchmarks.budgets", "--rounds", "3"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    slow = {line.partition(":")[0] for line in done.stdout.splitlines() if "over its" in line}
    assert len(slow) > len(BUDGETS) / 2, done.stdout
