"""What the suite stands on: the embedded default, or real PostgreSQL and Redis.

Also a pytest plugin (`-p tests.stack`) that keeps parallel workers apart. Each has
its own folder and its own Redis database; pytest-django gives each its own SQL
database. Redis channels know no databases: names published there must be unique.
"""

import os
import re
from collections.abc import Generator, MutableMapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.processes import ROOT

SERVICE_VARIABLES = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}


def embedded_environment(data_dir: str) -> dict[str, str]:
    """Return our variables without eduhu's own: a developer's settings must not change a result."""
    example = ROOT / ".env.example"
    text = example.read_text() if example.exists() else ""
    named = re.findall(r"^#?\s*([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)
    own = {*named, *SERVICE_VARIABLES, "DJANGO_SETTINGS_MODULE"}
    env = {name: value for name, value in os.environ.items() if name not in own}
    return env | {"EDUHU_ENV_FILE": "", "EDUHU_DATA_DIR": data_dir}


def separate(env: MutableMapping[str, str], worker: str) -> None:
    """Give the parallel `worker` (`gw0`, `gw1`, …) its own data folder and Redis database."""
    if data_dir := env.get("EDUHU_DATA_DIR"):
        env["EDUHU_DATA_DIR"] = str(Path(data_dir) / worker)
    if url := env.get("REDIS_URL"):
        parts = urlsplit(url)
        database = int(parts.path.strip("/") or 0) + 1 + int(worker.removeprefix("gw"))
        env["REDIS_URL"] = parts._replace(path=f"/{database}").geturl()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    """Separate the worker before pytest-django reads the settings."""
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        separate(os.environ, worker)
    return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Repeat how the run before this one ended, so that nobody misses it."""
    if earlier := os.environ.get("EDUHU_TEST_EARLIER"):
        terminalreporter.write_line(earlier)
