"""What our pytest plugins report, seen from a small suite of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import claims
from tests.processes import ROOT

HEAD = "import pytest\n"
CONFIG = "[pytest]\nmarkers = claim(number): proves\n"
ALONE = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTHONPATH": str(ROOT),
    "EDUHU_CLAIMS_FILE": "claims.json",
}
MODES = pytest.mark.parametrize("mode", [[], ["-n", "2"]], ids=["plain", "parallel"])


def run_suite(
    folder: Path, source: str, *options: str, **env: str
) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text(CONFIG)
    (folder / "test_it.py").write_text(HEAD + source)
    inherited = {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "EDUHU_", "DJANGO_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "xdist", *options],
        cwd=folder,
        env=inherited | ALONE | env,
        capture_output=True,
        text=True,
        check=False,
    )


# --- tests.strict --------------------------------------------------------------------------


SKIPPING = """
@pytest.mark.skip(reason="no browser")
def test_marked(): pass

def test_called(): pytest.skip("no browser")

class TestOfAClass:
    def test_imported(self): pytest.importorskip("no_browser")
"""


@MODES
def test_skip_fails_a_strict_run(tmp_path, mode):
    result = run_suite(tmp_path, SKIPPING, "-p", "tests.strict", *mode)
    assert result.returncode != 0
    for name in ("test_marked", "test_called", "TestOfAClass::test_imported"):
        assert f"test_it.py::{name}: " in result.stdout
    assert "3 skipped" in result.stdout.splitlines()[-1]


@MODES
def test_skipped_file_fails_a_strict_run(tmp_path, mode):
    source = "pytest.skip('no browser', allow_module_level=True)"
    (tmp_path / "test_other.py").write_text("def test_a(): pass")
    result = run_suite(tmp_path, source, "-p", "tests.strict", *mode)
    assert result.returncode == 1
    assert "test_it.py: Skipped: no browser" in result.stdout


@MODES
def test_strict_run_passes_without_skips(tmp_path, mode):
    source = "def test_a(): pass\n@pytest.mark.xfail\ndef test_b(): assert False"
    result = run_suite(tmp_path, source, "-p", "tests.strict", *mode)
    assert result.returncode == 0, result.stdout


# --- tests.claims --------------------------------------------------------------------------

CLAIMING = """
@pytest.mark.claim(1)
def test_proven(): pass

@pytest.mark.claim(2)
def test_refuted(): assert False

@pytest.mark.claim(3)
def test_half_proven(): pass

@pytest.mark.claim(3)
def test_half_refuted(): assert False

@pytest.mark.claim(4, 5)
def test_two_at_once(): pass

@pytest.mark.claim(6)
@pytest.mark.skip
def test_skipped(): pass

@pytest.fixture
def broken():
    yield
    raise OSError

@pytest.mark.claim(7)
def test_with_broken_teardown(broken): pass

@pytest.mark.claim(8)
class TestOfAClass:
    def test_member(self): pass
"""


@MODES
def test_claims_are_proven_by_tests_that_pass(tmp_path, mode):
    run_suite(tmp_path, CLAIMING, "-p", "tests.claims", *mode)
    assert json.loads((tmp_path / "claims.json").read_text())["proven"] == [1, 4, 5, 8]


def test_runs_on_both_stacks_are_merged(tmp_path):
    both = (
        CLAIMING
        + "\n@pytest.mark.claim(9)\ndef test_b():\n  import os\n  assert 'BAD' not in os.environ"
    )
    run_suite(tmp_path, both, "-p", "tests.claims", EDUHU_TEST_STACK="a")
    assert 9 in json.loads((tmp_path / "claims.json").read_text())["proven"]
    run_suite(tmp_path, both, "-p", "tests.claims", EDUHU_TEST_STACK="b", BAD="1")
    assert json.loads((tmp_path / "claims.json").read_text())["proven"] == [1, 4, 5, 8]


def test_summary_counts_claims_before_the_last_line(tmp_path):
    result = run_suite(tmp_path, CLAIMING, "-p", "tests.claims")
    lines = result.stdout.splitlines()
    assert "claims: 4 of 128 have a passing test" in lines[:-1]
    assert "passed" in lines[-1]


def test_part_of_the_suite_writes_no_claims(tmp_path):
    run_suite(tmp_path, CLAIMING, "-p", "tests.claims", EDUHU_CLAIMS_FILE="")
    assert not (tmp_path / "claims.json").exists()


@pytest.mark.parametrize("arguments", [(0,), (129,), ("24",), (True,), (1.0,), ()])
def test_claim_must_name_a_promise(arguments):
    with pytest.raises(ValueError, match="claim"):
        claims.numbers([pytest.mark.claim(*arguments).mark])


@MODES
def test_claim_that_does_not_exist_is_a_collection_error(tmp_path, mode):
    source = "@pytest.mark.claim(129)\ndef test_a(): pass"
    result = run_suite(tmp_path, source, "-p", "tests.claims", *mode)
    assert result.returncode != 0
    assert "claim(129): there are promises 1 to 128" in result.stdout
    assert "1 error" in result.stdout.splitlines()[-1]


def test_failure_on_either_stack_refutes():
    good, bad = {"passed": 1, "failed": 0}, {"passed": 1, "failed": 1}
    assert claims.proven([{"1": good, "2": good}, {"2": bad}]) == [1]


# --- tests.stack ---------------------------------------------------------------------------


def test_earlier_failure_is_repeated_before_the_last_line(tmp_path):
    result = run_suite(
        tmp_path, "def test_a(): pass", "-p", "tests.stack", EDUHU_TEST_EARLIER="the first: FAILED"
    )
    lines = result.stdout.splitlines()
    assert "the first: FAILED" in lines
    assert lines[-1].startswith("1 passed")


def test_workers_have_folders_of_their_own(tmp_path):
    source = (
        "def test_a():\n  import os\n  assert os.environ['EDUHU_DATA_DIR'].startswith('/data/gw')"
    )
    result = run_suite(tmp_path, source, "-p", "tests.stack", "-n", "1", EDUHU_DATA_DIR="/data")
    assert result.returncode == 0, result.stdout
