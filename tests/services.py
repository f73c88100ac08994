"""Throw-away PostgreSQL and Redis servers; `tests.ladder` finds their programs.

    with Redis(program) as server:
        use(server.url)
        server.kill()     # as a crash would
        server.start()    # same port, same data

Every server listens on a free port of 127.0.0.1, keeps its data in a fresh temporary
folder, and ends with its starter, also when that is killed (Linux). Start them from
the main thread: the tie is to the thread. As root they run as `nobody`.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import psycopg
import redis

from tests.processes import tied_to_parent

START_SECONDS = 20
STOP_SECONDS = 5


class ServerError(Exception):
    """The server cannot be started here; the text says why."""


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def without_root() -> dict[str, Any]:
    """Return the `subprocess` options that run a program as `nobody`; none if we are not root."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


class Server(ABC):
    """One throw-away server. `with` starts it, and at the end stops it and forgets its data."""

    name: ClassVar[str]
    stop_signal: ClassVar[int] = signal.SIGTERM
    orphan_signal: ClassVar[int] = signal.SIGTERM
    drops_root: ClassVar[bool] = True

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="eduhu-server-"))
        self.process: subprocess.Popen[bytes] | None = None
        if user := without_root():
            os.chown(self.folder, user["user"], user["group"])

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command line that runs it in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether a client is served now."""

    def prepare(self) -> None:  # noqa: B027 - most servers need nothing
        """Make the data, before the first start."""

    def start(self) -> None:
        """Start, on the same port and data as before; return when it answers."""
        deadline = time.monotonic() + START_SECONDS
        self._spawn()
        while not self.answers():
            if time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"{self.name} does not start: {self._last_words()}")
            # What a killed server left behind may hold the port or the data a moment longer.
            if self.process is None or self.process.poll() is not None:
                self._spawn()
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop in good order; calling it again is harmless."""
        if self.process is None:
            return
        self.process.send_signal(self.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill it at once, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _spawn(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=tied_to_parent(self.orphan_signal),
                **(without_root() if self.drops_root else {}),
            )

    def _last_words(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-1000:].strip()

    def __enter__(self) -> Self:
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres(Server):
    """PostgreSQL from the folder `binaries`, with a copy of the folder `data` if there is one.

    What it committed survives `kill()`. It is fast because nothing need survive the
    machine; a lazy `synchronous_commit` would be faster, but lose commits in a crash.
    """

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # "fast": end the sessions; SIGTERM would wait for them
    orphan_signal = signal.SIGQUIT
    SETTINGS: ClassVar[dict[str, str]] = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": "200",
        "fsync": "off",
        "full_page_writes": "off",
    }

    def __init__(self, binaries: Path, data: Path | None = None) -> None:
        super().__init__()
        self.binaries = binaries
        self._data = data

    @property
    def url(self) -> str:
        return f"postgresql://eduhu@127.0.0.1:{self.port}/eduhu"

    @property
    def maintenance_url(self) -> str:
        """The database that always exists."""
        return f"postgresql://eduhu@127.0.0.1:{self.port}/postgres"

    def prepare(self) -> None:
        if not self._may_execute():
            self.binaries = self._copied_binaries()
        if self._data is not None:
            subprocess.run(["cp", "-a", str(self._data), str(self.folder)], check=True)
            return
        # Umlauts fold only under a UTF-8 locale; macOS has no C.UTF-8.
        locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
        options = ["--username=eduhu", "--auth=trust", "--encoding=UTF8", f"--locale={locale}"]
        made = self._run("initdb", "--no-sync", f"--pgdata={self.folder / 'data'}", *options)
        if made.returncode:
            raise ServerError(f"initdb failed: {made.stderr.strip()[-1000:]}")

    def start(self) -> None:
        super().start()
        with (
            psycopg.connect(self.maintenance_url, autocommit=True) as connection,
            contextlib.suppress(psycopg.errors.DuplicateDatabase),
        ):
            connection.execute("CREATE DATABASE eduhu")

    def command(self) -> list[str]:
        settings = {**self.SETTINGS, "port": str(self.port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.folder / "data"), *options]

    def answers(self) -> bool:
        try:
            psycopg.connect(self.maintenance_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.binaries / program), *arguments]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, **without_root()
        )

    def _may_execute(self) -> bool:
        try:
            return self._run("postgres", "--version").returncode == 0
        except PermissionError:
            return False

    def _copied_binaries(self) -> Path:
        """Copy an installation, with the libraries beside it, to where `nobody` can reach it."""
        package = self.binaries.parent.parent
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, self.folder / "programs" / source.name)
        (self.folder / "programs").chmod(0o755)
        return self.folder / "programs" / self.binaries.relative_to(package.parent)


class Redis(Server):
    """Redis from the program `binary`. What it answered for survives `kill()`."""

    name = "Redis"

    def __init__(self, binary: Path) -> None:
        super().__init__()
        self.binary = binary

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        if not os.getuid():
            self.binary = Path(shutil.copy(self.binary, self.folder / "redis-server"))

    def command(self) -> list[str]:
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        keep = ["--save", "", "--appendonly", "yes", "--appendfsync", "no"]
        return [str(self.binary), *place, *keep]

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


class FakeRedis(Redis):
    """A stand-in written in Python, for machines without any Redis. It forgets with `kill()`."""

    name = "a stand-in for Redis"
    drops_root = False  # our Python may stand in a folder that nobody else can enter
    PROGRAM = """if True:
        import sys
        from fakeredis import TcpFakeServer
        TcpFakeServer(("127.0.0.1", int(sys.argv[1]))).serve_forever()
    """

    def __init__(self) -> None:
        super().__init__(Path(sys.executable))

    def prepare(self) -> None:
        """Need nothing."""

    def command(self) -> list[str]:
        return [str(self.binary), "-c", self.PROGRAM, str(self.port)]
