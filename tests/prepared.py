"""What takes long to make and is made once in a run: databases, to be copied by each server."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.warm import run_manage

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}-{time.time_ns()}"


def once(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder that `make` has filled in this run, in whichever of its processes."""
    folder = shared_folder() / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    made_in = folder / "run"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made_in.exists() or made_in.read_text() != RUN:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made_in.write_text(RUN)
    return folder


def shared_folder() -> Path:
    """Return the folder that the parallel workers of a run have in common."""
    data_dir = Path(os.environ.get("EDUHU_DATA_DIR") or tempfile.gettempdir())
    # Each worker has a folder of its own in the folder of the run: see `tests/stack.py`.
    base = data_dir.parent if os.environ.get("PYTEST_XDIST_WORKER") else data_dir
    return base / "eduhu-prepared"


def manage(environment: Mapping[str, str], *command: str) -> str:
    """Run a management command and return what it printed."""
    done = run_manage(environment, *command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def copy(source: Path, target: Path) -> None:
    """Copy files or folders with their owners."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
