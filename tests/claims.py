"""pytest plugin (`-p tests.claims`): which promises of docs/promises.md are proven.

`@pytest.mark.claim(24)` ties a test to promise 24. After a run the results stand in
`$EDUHU_CLAIMS_FILE` (default `.claims.json`; empty: nowhere), one section for each
stack. A promise is proven when a test of it passed and none failed, over all sections.
"""

import json
import os
from collections import Counter
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.processes import ROOT

HIGHEST = 128
Section = dict[str, dict[str, int]]


def claims_file() -> Path | None:
    """Return where results are kept, or None where they are not."""
    name = os.environ.get("EDUHU_CLAIMS_FILE", str(ROOT / ".claims.json"))
    return Path(name) if name else None


def numbers(markers: Iterable[pytest.Mark]) -> list[int]:
    """Return the promises that the markers name; raise `ValueError` for what is none."""
    found = []
    for marker in markers:
        if not marker.args:
            raise ValueError("the claim marker needs a number")
        for number in marker.args:
            if type(number) is not int or not 1 <= number <= HIGHEST:
                raise ValueError(f"claim({number!r}): there are promises 1 to {HIGHEST}")
            found.append(number)
    return found


def proven(sections: Iterable[Section]) -> list[int]:
    """Return the promises with a passing test and without a failing one."""
    passed: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for section in sections:
        for number, counts in section.items():
            passed[int(number)] += counts["passed"]
            failed[int(number)] += counts["failed"]
    return sorted(number for number in passed if passed[number] and not failed[number])


def merge(file: Path, stack: str, section: Section) -> None:
    """Put the results of one stack into the file, beside those of the other."""
    stacks = json.loads(file.read_text())["stacks"] if file.exists() else {}
    stacks[stack] = section
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({"proven": proven(stacks.values()), "stacks": stacks}, indent=1))
    draft.replace(file)


class Recorder:
    """Counts results per promise, from the reports that reach the controller."""

    def __init__(self) -> None:
        self.section: Section = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.count(report, "failed")
        elif report.passed and report.when == "call":
            self.count(report, "passed")

    def count(self, report: pytest.TestReport, outcome: str) -> None:
        for name, number in report.user_properties:
            if name == "claim":
                counts = self.section.setdefault(str(number), {"passed": 0, "failed": 0})
                counts[outcome] += 1

    def pytest_sessionfinish(self) -> None:
        if file := claims_file():
            merge(file, os.environ.get("EDUHU_TEST_STACK", "embedded"), self.section)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        file = claims_file()
        if file and file.exists():
            count = len(json.loads(file.read_text())["proven"])
            terminalreporter.write_line(f"claims: {count} of {HIGHEST} have a passing test")


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Refuse a wrong number as an error of its file, also in a parallel worker."""
    made = yield
    for item in made if isinstance(made, list) else []:
        try:
            numbers(item.iter_markers("claim"))
        except ValueError as error:
            raise collector.CollectError(f"{item.nodeid}: {error}") from None
    return made


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let the reports of a test carry its promises."""
    item.user_properties.extend(("claim", number) for number in numbers(item.iter_markers("claim")))


def pytest_configure(config: pytest.Config) -> None:
    """Record in the controller only; workers report to it."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder())
