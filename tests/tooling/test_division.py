"""The suite is divided between two stacks, and nothing falls between them."""

import os
import subprocess
import sys

import pytest

from tests import division
from tests.processes import ROOT

FILES = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in sorted((ROOT / "tests").glob("**/test_*.py"))
}


def has_tests(part, name):
    return division.has_tests(part, name, FILES[name])


def test_every_file_runs_somewhere_and_undivided_everywhere():
    for name in FILES:
        assert has_tests("embedded", name) or has_tests("services", name), name
        assert has_tests("", name)


@pytest.mark.parametrize("name", division.BOTH + division.HARDER + division.EMBEDDED)
def test_what_is_listed_is_there(name):
    assert [each for each in FILES if each.startswith(name)] != []


@pytest.mark.parametrize(
    ("names", "runs"),
    [
        ([name for name in FILES if name.startswith(division.BOTH)], (True, True)),
        ([name for name in FILES if name.startswith(division.HARDER)], (False, True)),
        (["tests/eduhu/test_sqlite_turns.py"], (True, False)),
    ],
)
def test_each_list_means_what_it_says(names, runs):
    for name in names:
        assert (has_tests("embedded", name), has_tests("services", name)) == runs, name


def test_files_with_tests_of_services_are_read_there():
    marked = [name for name, text in FILES.items() if "mark.services" in text]
    assert [name for name in marked if not has_tests("services", name)] == []


SUITE = """
import pytest

@pytest.fixture
def embedded(): pass

def test_any(): pass

@pytest.mark.services
def test_of_services(): pass

def test_of_sqlite(embedded): pass
"""


def collected(folder, **environment):
    """The tests that are left of a suite with one file in no list."""
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = services: real servers\n")
    (folder / "test_it.py").write_text(SUITE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "tests.division"],
        cwd=folder,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "DATABASE"))},
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": str(ROOT),
            "EDUHU_TEST_PART": "",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.partition("::")[2] for line in done.stdout.splitlines() if "::" in line]


def test_the_second_run_has_what_is_marked_and_undivided_all_but_what_brings_its_own_stack(
    tmp_path,
):
    services = {"DATABASE_URL": "postgresql://there"}
    assert collected(tmp_path, EDUHU_TEST_PART="services", **services) == ["test_of_services"]
    assert collected(tmp_path, **services) == ["test_any", "test_of_services"]
    assert collected(tmp_path) == ["test_any", "test_of_services", "test_of_sqlite"]
