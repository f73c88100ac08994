"""`dev.py check`: everything that can be judged without running the product.

With `--budgets` also what a request costs, for which the product runs in this process's child.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.processes import ROOT, Failed, Stopped, run_quietly, say, stop_on_signals
from tests.stack import embedded_environment

BIN = Path(sys.executable).parent


def manage(*arguments: str) -> list[object]:
    """Return the command line of a Django command."""
    return [sys.executable, "manage.py", *arguments]


def checks(scratch: str) -> dict[str, list[object]]:
    """Return the command lines by name; what they write goes to the folder `scratch`."""
    schema = ["--validate", "--fail-on-warn", "--file", f"{scratch}/schema.yaml"]
    return {
        "style": [BIN / "ruff", "check", "."],
        "format": [BIN / "ruff", "format", "--check", "."],
        "types": [BIN / "mypy"],
        "layers": [BIN / "lint-imports"],
        "migrations": manage("makemigrations", "--check", "--dry-run"),
        "settings": manage("check", "--fail-level", "WARNING"),
        "API description": manage("spectacular", *schema),
    }


def budget_checks() -> dict[str, list[object]]:
    """Return what `--budgets` adds: what requests cost, in counts and ratios."""
    return {"budgets": [sys.executable, "-m", "benchmarks.budgets"]}


def passes(name: str, command: list[object], env: Mapping[str, str]) -> bool:
    """Run one check and print its line, with the output if it failed."""
    try:
        run_quietly(command, env)
    except Failed as error:
        say(f"{name}: failed\n{error}\n")
        return False
    say(f"{name}: ok")
    return True


def proven_claims() -> str:
    """Say how many of the promises the last full test run has proven."""
    file = Path(os.environ.get("EDUHU_CLAIMS_FILE") or ROOT / ".claims.json")
    if not file.exists():
        return "claims: unknown; run dev.py test first"
    return f"claims: {len(json.loads(file.read_text())['proven'])} of 128 have a passing test"


def main(*options: str) -> int:
    """Run every check, also after one failed; return 1 if any did."""
    stop_on_signals()
    try:
        with tempfile.TemporaryDirectory(prefix="eduhu-check-") as scratch:
            env = embedded_environment(scratch)
            wanted = checks(scratch) | (budget_checks() if "--budgets" in options else {})
            results = [passes(name, command, env) for name, command in wanted.items()]
    except Stopped as stopped:
        return stopped.exit_code
    say(proven_claims())
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
