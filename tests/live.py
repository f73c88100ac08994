"""A real server: `manage.py serve` as a process on a free port, with its own data."""

import contextlib
import os
import signal
import socket
import tempfile
import time
import urllib.request
from hashlib import sha256
from pathlib import Path

import psycopg
from django.conf import settings
from psycopg import sql

from tests.prepared import copy, manage, once, shared_folder
from tests.stack import embedded_environment
from tests.warm import Process, manage_process

SQLITE_FILE = "eduhu.sqlite3"
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
        self.process: Process | None = None
        self.worker: Process | None = None

    def manage(self, *command: str) -> str:
        """Run a management command on the same data; return what it printed."""
        return manage(self.environment, *command)

    def spawn(self, *command: str) -> Process:
        """Start a management command as a process on the same data."""
        return manage_process(self.environment, self.log, *command)

    def start(self):
        """Start the process and wait until it answers; with Redis, a reply worker as well."""
        self.process = self.spawn("serve", "--port", str(self.port))
        if self.environment.get("REDIS_URL"):
            self.worker = self.spawn("reply_worker")
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError):  # also when the answer takes too long
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
    with tempfile.TemporaryDirectory(prefix="eduhu-live-") as folder:
        is_postgresql = settings.DATABASE_IS_POSTGRESQL and environment.get("DATABASE_URL") != ""
        with (_database if is_postgresql else _sqlite_file)(Path(folder)) as database:
            defaults = {"TEMPLATE_WORD_DELAY_MS": "4", "CHAT_RATE": "off", "LOG_LEVEL": "WARNING"}
            defaults["TOPIC_TAGGING"] = "off"  # or each server would load a model
            defaults["MAX_WAITING_REQUESTS"] = "10000"
            server = LiveServer(Path(folder), {**defaults, **database, **environment})
            server.start()
            try:
                yield server
            finally:
                server.stop()


def _seed(environment):
    manage(environment, "migrate", "--noinput", "-v0")
    manage(environment, "seed_demo")


@contextlib.contextmanager
def _sqlite_file(folder):
    """A copy of a seeded file."""

    def make(prepared):
        _seed(embedded_environment(str(prepared)))

    copy(once("live-sqlite", make) / SQLITE_FILE, folder)
    yield {}


@contextlib.contextmanager
def _database(_folder):
    """A database of the server's own, copied from a seeded one."""
    base, _, rest = settings.DATABASE_URL.rpartition("/")
    query = f"?{rest.partition('?')[2]}" if "?" in rest else ""

    def url(name):
        return f"{base}/{name}{query}"

    # Named by the folder, so that it takes the place of the one an earlier run has left.
    template = f"seeded_{sha256(str(shared_folder()).encode()).hexdigest()[:12]}"
    name = f"live_{os.getpid()}_{free_port()}"
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as admin:

        def run(statement, *names):
            admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

        def make(prepared):
            run("DROP DATABASE IF EXISTS {} WITH (FORCE)", template)
            run("CREATE DATABASE {}", template)
            _seed({**embedded_environment(str(prepared)), "DATABASE_URL": url(template)})

        once("live-postgresql", make)
        run("CREATE DATABASE {} TEMPLATE {}", name, template)
        try:
            # Celery runs inside the web process, as somebody has to make long files.
            yield {"DATABASE_URL": url(name), "CELERY_BROKER_URL": "memory://localhost"}
        finally:
            run("DROP DATABASE {} WITH (FORCE)", name)
