"""A small project with the real dev.py, whose Django and Celery are stand-ins."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev import Environment
from tests.processes import ROOT, tied_to_parent
from tests.services import free_port

MANAGE = """\
import os, pathlib, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

command = sys.argv[1]
with pathlib.Path(os.environ["EDUHU_DATA_DIR"], "started").open("a") as log:
    log.write(f"{command} {os.getpid()}\\n")
if command == os.environ.get("HANGS_IN"):
    time.sleep(600)
if command == os.environ.get("FAILS_IN"):
    sys.exit(3)
if command == "serve":
    with pathlib.Path(os.environ["EDUHU_DATA_DIR"], "started").open("a") as log:
        log.write(f"grandchild {subprocess.Popen(['sleep', '600']).pid}\\n")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    HTTPServer(("127.0.0.1", int(sys.argv[3])), Handler).serve_forever()
"""
CELERY = """\
import os, pathlib, sys, time
with pathlib.Path(os.environ["EDUHU_DATA_DIR"], "started").open("a") as log:
    log.write(f"celery-{sys.argv[4]} {os.getpid()}\\n")
time.sleep(600)
"""


def make_project(folder: Path) -> Path:
    """Return `folder` with everything that dev.py needs, and no environment yet."""
    (folder / "tests").mkdir(parents=True)
    for name in ("dev.py", "tests/__init__.py", "tests/processes.py"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        (folder / name).write_text("")
    (folder / "manage.py").write_text(MANAGE)
    (folder / "celery").mkdir()
    (folder / "celery" / "__main__.py").write_text(CELERY)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without an environment."""
    return make_project(tmp_path / "project")


def as_if_made(project: Path, requirements: str) -> Environment:
    """Give the project an environment that holds nothing but our Python."""
    environment = Environment(project)
    environment.tool("python").parent.mkdir(parents=True)
    environment.tool("python").symlink_to(sys.executable)
    environment.mark(requirements)
    return environment


@pytest.fixture
def ready_project(project: Path) -> Path:
    """A project whose environment is made."""
    as_if_made(project, "requirements.txt")
    return project


class Up:
    """A running `dev.py up`, with a data folder of its own."""

    def __init__(self, project: Path, data: Path, **variables: str) -> None:
        self.data = data
        self.port = variables.setdefault("PORT", str(free_port()))
        dropped = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "EDUHU_ENV", "DEMO_PASSWORD")
        env = {name: value for name, value in os.environ.items() if name not in dropped}
        env |= {"EDUHU_DATA_DIR": str(data), "EDUHU_ENV_FILE": "", **variables}
        self.output = data / "output"
        data.mkdir(parents=True, exist_ok=True)
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(project / "dev.py"), "up"],
                cwd=data,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=tied_to_parent(),
            )

    def text(self) -> str:
        return self.output.read_text()

    def last_line(self) -> str:
        return (self.text().splitlines() or [""])[-1]

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"dev.py up has ended:\n{self.text()}")
        return self.last_line().startswith("eduhu is ready at http://")

    def started(self) -> dict[str, int]:
        """The stand-ins that have run, and their process ids."""
        log = self.data / "started"
        lines = log.read_text().splitlines() if log.exists() else []
        return {name: int(pid) for name, pid in (line.split() for line in lines)}

    def is_gone(self) -> bool:
        return not any(map(is_alive, self.started().values()))

    def end(self) -> None:
        """Leave nothing behind, whatever the test has found out."""
        self.process.kill()
        self.process.wait()
        for pid in self.started().values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended but was not awaited does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for the condition; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} seconds"
        time.sleep(0.05)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Start `dev.py up` in a project; it ends with the test."""
    running: list[Up] = []

    def start(project: Path, **variables: str) -> Up:
        running.append(Up(project, tmp_path / f"data{len(running)}", **variables))
        return running[-1]

    yield start
    for each in running:
        each.end()
