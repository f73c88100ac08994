"""The gate fails a whole run in which a function of `actions.py` or `queries.py` never ran."""

import os
import re
import subprocess
import sys

import pytest

from tests.coverage_gate import functions_in, watched
from tests.processes import ROOT

ACTIONS = """
def used(): return helped()
def helped(): return 1
def forgotten(): return 2
async def waited(): return 3
"""
TESTS = """
import asyncio
from shop.actions import used, waited
def test_used(): assert used() == 1
def test_waited(): assert asyncio.run(waited()) == 3
def test_skipped(): pass
"""
CONFIG = "[pytest]\ntestpaths = tests\naddopts = -p xdist -p no:cacheprovider\n"


@pytest.fixture
def project(tmp_path):
    """A small project under the gate."""
    for name in ("shop/__init__.py", "shop/queries.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "shop/actions.py").write_text(ACTIONS)
    (tmp_path / "tests").mkdir()
    for name in ("__init__.py", "coverage_gate.py", "processes.py"):
        (tmp_path / "tests" / name).write_text((ROOT / "tests" / name).read_text())
    (tmp_path / "tests/test_shop.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(CONFIG)
    return tmp_path


def run(project, *options, **environment):
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    own = {"PYTHONPATH": str(project), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.coverage_gate", *options],
        cwd=project, env=inherited | own | environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_function_that_never_ran_fails_the_whole_run_and_is_named(project, workers):
    done = run(project, "-n", workers)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.findall(r"^shop\.\S+$", done.stdout, re.MULTILINE) == ["shop.actions.forgotten"]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_of_all_functions_passes(project, workers):
    (project / "tests/test_more.py").write_text(
        "from shop.actions import forgotten\ndef test_it(): assert forgotten() == 2\n"
    )
    assert run(project, "-n", workers).returncode == 0


def test_two_runs_that_share_the_suite_are_judged_together(project):
    (project / "tests/test_more.py").write_text(
        "from shop.actions import forgotten\ndef test_it(): assert forgotten() == 2\n"
    )
    calls = {"EDUHU_CALLED_FILE": str(project / "called")}
    first = run(project, "--ignore=tests/test_shop.py", EDUHU_TEST_LATER="the other", **calls)
    assert first.returncode == 0, first.stdout
    (project / "tests/test_more.py").unlink()
    assert run(project, **calls).returncode == 0
    assert run(project).returncode == 1


@pytest.mark.parametrize("part", [["-k", "used"], ["tests/test_shop.py"]])
def test_a_part_of_the_suite_is_not_judged(project, part):
    assert run(project, *part).returncode == 0


def test_a_module_that_nobody_imports_counts_as_never_run(project):
    (project / "shop/queries.py").write_text("def alone(): return 1\n")
    assert "shop.queries.alone" in run(project).stdout


@pytest.mark.claim(114)
def test_the_gate_watches_every_app_and_the_suite_runs_under_it():
    names = {module for module, file in watched().items() if functions_in(module, file)}
    assert names >= {f"{app}.{name}" for app in ("teachers", "chats", "artifacts")
                     for name in ("actions", "queries")}  # fmt: skip
    assert '"tests.coverage_gate"' in (ROOT / "tests" / "run.py").read_text()
