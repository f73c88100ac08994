"""A start costs little: nothing runs and nothing heavy is imported until it is needed."""

import json
import subprocess
import sys

import pytest

from tests.eduhu.test_settings import environment
from tests.processes import ROOT

HEAVY = [
    "openai", "anthropic", "mcp", "fpdf", "boto3", "pandas", "numpy", "sentry_sdk", "docx", "lxml",
    "PIL", "fontTools", "markdown_it",
]  # fmt: skip
SECONDS = 60
SET_UP = """
import json, sys, threading
import django
django.setup()
import eduhu.asgi
import eduhu.urls
print(json.dumps({
    "threads": [thread.name for thread in threading.enumerate()],
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
}))
"""


@pytest.fixture
def fresh(tmp_path):
    """What an interpreter has running and imported once the application stands."""
    done = subprocess.run(
        [sys.executable, "-c", SET_UP],
        cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_importing_the_application_starts_nothing_and_imports_nothing_heavy(fresh):
    assert fresh["threads"] == ["MainThread"]
    assert sorted({*HEAVY, "aiohttp"} & set(fresh["modules"])) == []
