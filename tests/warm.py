"""`manage.py …` as processes of their own that start in half the time.

`begin()` starts one Python process that imports the libraries eduhu needs, and nothing of
eduhu or its settings; from then on `manage_process` forks it. Without `begin()` every
process is started from scratch, as benchmarks want it.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Protocol

from tests.processes import ROOT, tie_to_parent, tied_to_parent

# What takes long to import and reads no settings of Django.
LIBRARIES = [
    "aiohttp",
    "autobahn.websocket.protocol",
    "celery.app.base",
    "celery.schedules",
    "celery.worker",
    "channels",
    "channels_redis.core",
    "corsheaders.checks",
    "cryptography",
    "django.contrib.admin.options",
    "django.contrib.auth.management",
    "django.contrib.messages.storage.base",
    "django.contrib.postgres.fields",
    "django.contrib.staticfiles.finders",
    "django.core.handlers.asgi",
    "django.core.management",
    "django.db.migrations.operations",
    "django.db.models",
    "django.forms",
    "django.template",
    "django.urls",
    "drf_spectacular.checks",
    "drf_spectacular.utils",
    "environs",
    "jsonschema",
    "kombu",
    "OpenSSL.SSL",
    "psycopg.types.json",
    "psycopg_pool",
    "pygments",
    "redis.asyncio",
    "requests",
    "rest_framework.authentication",
    "rest_framework.mixins",
    "rest_framework.permissions",
    "rest_framework.response",
    "rest_framework.serializers",
    "sentry_sdk",
    "service_identity",
    "structlog",
    "tenacity",
    "twisted.internet.tcp",
    "twisted.protocols.tls",
    "twisted.web.http",
    "unfold.sections",
    "uritemplate",
    "yaml",
]


class Process(Protocol):
    """What tests need of a process; `subprocess.Popen` has it."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code (-N: ended by signal N), or None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired after `timeout` seconds."""
        ...

    def send_signal(self, signum: int, /) -> None:
        """Send a signal, unless it has ended."""
        ...

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        ...


class Forked:
    """A process that was forked from the prepared one."""

    def __init__(
        self,
        context: ForkServerContext,
        command: tuple[str, ...],
        environment: Mapping[str, str],
        out: Path,
        errors: Path,
    ) -> None:
        arguments = (command, dict(environment), str(out), str(errors))
        self._process = context.Process(target=_manage, args=arguments, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("manage.py", timeout or 0)
        return self._process.exitcode

    def send_signal(self, signum: int, /) -> None:
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _manage(command: tuple[str, ...], environment: dict[str, str], out: str, errors: str) -> None:
    """Become `manage.py`, in the forked process."""
    tie_to_parent(os.getppid(), signal.SIGKILL)
    os.setsid()
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(out, flags), 1)
    os.dup2(os.open(errors, flags), 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv = ["manage.py", *command]
    runpy.run_path("manage.py", run_name="__main__")


_context: ForkServerContext | None = None


def begin() -> None:
    """From now on fork processes, from one that ends with this one."""
    global _context
    if _context is None:
        _context = multiprocessing.get_context("forkserver")
        _context.set_forkserver_preload(LIBRARIES)


def manage_process(
    environment: Mapping[str, str], out: Path, *command: str, errors: Path | None = None
) -> Process:
    """Start `manage.py command` with `environment` alone; `out` and `errors` are appended to."""
    errors = errors or out
    if _context is not None:
        return Forked(_context, command, environment, out, errors)
    return python_process(environment, out, "manage.py", *command, errors=errors)


def python_process(
    environment: Mapping[str, str], out: Path, *line: str, errors: Path | None = None
) -> Process:
    """Start Python from scratch, in the project folder; see `manage_process`."""
    with out.open("ab") as to_out, (errors or out).open("ab") as to_errors:
        return subprocess.Popen(
            [sys.executable, *line],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=to_out,
            stderr=to_errors,
            start_new_session=True,
            preexec_fn=tied_to_parent(signal.SIGKILL),
        )


def run_manage(environment: Mapping[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py command` to its end, and return what it said."""
    with tempfile.TemporaryDirectory(prefix="eduhu-manage-") as folder:
        out, errors = Path(folder, "out"), Path(folder, "errors")
        code = manage_process(environment, out, *command, errors=errors).wait()
        said = out.read_text(), errors.read_text()
    return subprocess.CompletedProcess(["manage.py", *command], code, *said)
