"""Whoever is told of something finds its cause and cure."""

import re

import pytest

from monitoring.alerts.rules import BY_NAME
from tests.processes import ROOT

SECTIONS = re.split(r"^#{2,3} ", (ROOT / "docs" / "operations.md").read_text(), flags=re.MULTILINE)
BY_TITLE = {each.partition("\n")[0]: each for each in SECTIONS}


@pytest.mark.parametrize("name", BY_NAME)
def test_each_rule_has_its_section_with_cause_and_cure(name):
    for part in ("**Begins when**", "**Cause.**", "**Cure.**"):
        assert part in BY_TITLE[name], part


def test_no_section_is_left_over_from_an_earlier_release():
    described = {title for title, text in BY_TITLE.items() if "**Cure.**" in text}
    assert described == set(BY_NAME)
