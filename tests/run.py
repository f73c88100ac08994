"""`dev.py test`: the suite on the embedded default, then on PostgreSQL and Redis.

Most tests run on one of them, as `tests/division.py` says; `TEST_STACKS=both` lets all run
on each. Where there are no such servers, the first run is the only one, has all tests, and
reports those that need them as skipped. `REQUIRE_REAL=1` makes that, and any other skip, a
failure.
"""

import argparse
import os
import re
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.claims import claims_file
from tests.ladder import service_urls
from tests.processes import ROOT, Stopped, run, say, stop_on_signals
from tests.stack import embedded_environment

NO_TESTS = 5  # pytest's exit code
# More workers than cores: tests wait a lot. A file stays whole, in the order of `conftest.py`.
WORKERS = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")
SELECTING = re.compile(
    r"-[km].*|--(lf|last-failed|sw|stepwise|deselect|ignore|ignore-glob|co|collect-only)(=.*)?"
)


def names_a_path(option: str) -> bool:
    """Whether an option for pytest is a file, a folder or a test."""
    return not option.startswith("-") and (ROOT / option.partition("::")[0]).exists()


def is_whole(options: list[str]) -> bool:
    """Whether these options leave the whole suite to run."""
    return not any(names_a_path(each) or SELECTING.fullmatch(each) for each in options)


def parallel(options: list[str]) -> list[str]:
    """Return the options for several workers, unless the caller chose or runs only a part."""
    chosen = any(each.startswith(("-n", "--numprocesses")) for each in options)
    off = "no:xdist" in options or "-pno:xdist" in options
    return [] if chosen or off or any(map(names_a_path, options)) else list(WORKERS)


def without_services(options: list[str]) -> list[str]:
    """Leave out the tests that the second run is for, besides what the caller leaves out."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-m", dest="marks", default="")
    chosen, rest = parser.parse_known_args(options)
    marks = f"({chosen.marks}) and not services" if chosen.marks else "not services"
    return [*rest, "-m", marks]


def run_suite(name: str, options: list[str], env: Mapping[str, str], data_dir: Path) -> int:
    """Run pytest once, with a data folder of its own, and return its exit code."""
    plugins = ["tests.stack", "tests.division", "tests.claims", "tests.coverage_gate"]
    if os.environ.get("REQUIRE_REAL") == "1":
        plugins.append("tests.strict")
    loaded = [word for plugin in plugins for word in ("-p", plugin)]
    say(f"\n--- Tests on {name} ---")
    command = [sys.executable, "-m", "pytest", "-q", *loaded, *parallel(options), *options]
    env = {**embedded_environment(str(data_dir)), "EDUHU_TEST_STACK": name, **env}
    # Without it each worker of each run would rewrite the assertions of all files anew.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    # Interrupted, pytest tears its fixtures down; it has less time for that than we have.
    code = run(command, env, signal.SIGINT, seconds=8)
    return code if code >= 0 else 128 - code


def run_both(options: list[str], urls: Mapping[str, str] | None, data_dir: Path) -> int:
    """Run the suite on each stack there is. The last line is pytest's."""
    env: dict[str, str] = {}
    divided = is_whole(options) and os.environ.get("TEST_STACKS") != "both"
    if is_whole(options):
        if file := claims_file():
            file.unlink(missing_ok=True)
    else:
        env["EDUHU_CLAIMS_FILE"] = ""  # a part of the suite says nothing about the whole
    if urls is None:
        return run_suite("the embedded default", options, env, data_dir / "embedded")
    env["EDUHU_CALLED_FILE"] = str(data_dir / "called")
    later = {**env, "EDUHU_TEST_LATER": "PostgreSQL and Redis"}
    later |= {"EDUHU_TEST_PART": "embedded"} if divided else {}
    without = without_services(options)
    first = run_suite("the embedded default", without, later, data_dir / "embedded")
    verdict = "passed" if first in (0, NO_TESTS) else f"FAILED with exit code {first}, see above"
    env |= {"EDUHU_TEST_EARLIER": f"the embedded default: {verdict}", **urls}
    env |= {"EDUHU_TEST_PART": "services"} if divided else {}
    second = run_suite("PostgreSQL and Redis", options, env, data_dir / "services")
    return verdict_of(first, second)


def verdict_of(*codes: int) -> int:
    """Return one exit code for all runs; a run that found nothing to do is no failure."""
    failed = [code for code in codes if code not in (0, NO_TESTS)]
    return failed[0] if failed else min(codes)


def main(options: list[str]) -> int:
    """Start the servers, run the suite, stop the servers; return the exit code."""
    stop_on_signals()
    real = os.environ.get("REQUIRE_REAL") == "1"
    try:
        with (
            tempfile.TemporaryDirectory(prefix="eduhu-tests-", ignore_cleanup_errors=True) as data,
            ExitStack() as stack,
        ):
            urls = service_urls(stack, real=real)
            if real and urls is None:
                say("tests: REQUIRE_REAL=1, but no PostgreSQL or no Redis can be started here.")
                return 1
            return run_both(options, urls, Path(data))
    except Stopped as stopped:
        return stopped.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
