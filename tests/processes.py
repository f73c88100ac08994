"""Children that never outlive us: start, await and end processes (standard library only)."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 15
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Failed(Exception):
    """Nothing more can be done; the text is for the person at the keyboard."""


class Stopped(BaseException):
    """A signal asked us to end."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.exit_code = 128 + signum


def say(text: str) -> None:
    """Write at once, so that our lines and those of the children keep their order."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tied_to_parent(signum: int = signal.SIGTERM) -> Callable[[], None]:
    """Return a `preexec_fn` that lets a child end with us, even when we are killed (Linux)."""
    return partial(tie_to_parent, os.getpid(), signum)


def tie_to_parent(parent: int, signum: int) -> None:
    """Let this process get `signum` when `parent`, which started it, ends (Linux)."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(signum))
        if os.getppid() != parent:  # it died before the tie was made
            os._exit(1)


def spawn(
    command: Iterable[object], env: Mapping[str, str] | None = None, capture: bool = False
) -> subprocess.Popen[str]:
    """Start `command` in the project folder, in a session of its own."""
    return subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        env=env,
        text=True,
        stdout=subprocess.PIPE if capture else None,
        stderr=subprocess.STDOUT if capture else None,
        start_new_session=True,
        preexec_fn=tied_to_parent(),
    )


def stop(
    processes: Iterable[subprocess.Popen[str]],
    seconds: float = STOP_SECONDS,
    signum: int = signal.SIGTERM,
) -> None:
    """End the processes: politely, then after `seconds` by force, with all their offspring.

    Only the first of each group is asked. A Celery worker lets its pool finish;
    asked all at once, the pool would drop its tasks.
    """
    processes = list(processes)
    for process in processes:
        process.send_signal(signum)
    deadline = time.monotonic() + seconds
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(
    command: Iterable[object],
    env: Mapping[str, str] | None = None,
    signum: int = signal.SIGTERM,
    seconds: float = STOP_SECONDS,
) -> int:
    """Run `command` to its end and return its exit code; if we are stopped, so is it."""
    process = spawn(command, env)
    try:
        return process.wait()
    finally:
        stop([process], seconds, signum)


def run_quietly(command: Iterable[object], env: Mapping[str, str] | None = None) -> str:
    """Run `command` and return what it printed; raise `Failed` with that text if it failed."""
    process = spawn(command, env, capture=True)
    try:
        output, _ = process.communicate()
    finally:
        stop([process])
    if process.returncode:
        raise Failed(output.strip() or f"exit code {process.returncode}")
    return output


def stop_on_signals() -> None:
    """Turn SIGTERM, SIGINT and SIGHUP into one `Stopped`; later signals find us cleaning up."""
    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def handle(signum: int, _frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(signum)

    for each in signals:
        signal.signal(each, handle)
