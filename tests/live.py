"""A real server: `manage.py serve` as a process on a free port, with its own data."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 40


def free_port():
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class LiveServer:
    """One web process; `url` is where it answers, `log` what it said."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, "EDUHU_DATA_DIR": str(folder), **environment}
        self.environment["DJANGO_SETTINGS_MODULE"] = "eduhu.settings"
        self.log = folder / "server.log"
        self.process: subprocess.Popen | None = None
        self.worker: subprocess.Popen | None = None

    def manage(self, *command: str) -> str:
        """Run a management command on the same data; return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def spawn(self, *command: str) -> subprocess.Popen:
        """Start a management command as a process on the same data."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", *command],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip

    def start(self):
        """Start the process and wait until it answers; with Redis, a reply worker as well."""
        self.process = self.spawn("serve", "--port", str(self.port))
        if self.environment.get("REDIS_URL"):
            self.worker = self.spawn("reply_worker")
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{self.url}/health/live", timeout=2).close()
                return
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self, signum=signal.SIGTERM):
        """End both processes; return the web process's exit code."""
        running = [process for process in (self.process, self.worker) if process is not None]
        for process in running:
            if process.poll() is None:
                process.send_signal(signum)
        codes = [process.wait(timeout=25) for process in running]
        return codes[0]


@contextlib.contextmanager
def live_server(**environment):
    """A migrated, seeded server that runs for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="eduhu-live-") as folder, _database() as database:
        defaults = {"TEMPLATE_WORD_DELAY_MS": "4", "CHAT_RATE": "off", "LOG_LEVEL": "WARNING"}
        server = LiveServer(Path(folder), {**defaults, **database, **environment})
        server.manage("migrate", "--noinput", "-v0")
        server.manage("seed_demo")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def _database():
    """On PostgreSQL an empty database of the server's own; on SQLite its folder is enough."""
    if not settings.DATABASE_IS_POSTGRESQL:
        yield {}
        return
    import psycopg
    from psycopg import sql

    name = f"live_{os.getpid()}_{free_port()}"
    base, _, rest = settings.DATABASE_URL.rpartition("/")
    query = f"?{rest.partition('?')[2]}" if "?" in rest else ""
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield {"DATABASE_URL": f"{base}/{name}{query}"}
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
