"""A whole eduhu as real processes: web servers, reply workers, PostgreSQL, Redis, an AI service.

    with Cluster(webs=2, workers=2) as cluster:
        cluster.workers[0].kill()   # SIGKILL to the process itself, not to a shell around it
        cluster.workers[0].start()

`Cluster.embedded()` is one web process that does everything, with SQLite. All of it listens
on free ports of 127.0.0.1 and ends with its starter, also when that is killed (Linux).
"""

import asyncio
import contextlib
import json
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg.rows import dict_row

from tests.fakes.ai_connection import Connection, Handler, Recorded
from tests.fakes.ai_script import Script
from tests.fakes.ai_server import AIServer
from tests.ladder import postgres_rungs, redis_rungs, start_first
from tests.prepared import copy, manage, once
from tests.services import ServerError, free_port
from tests.stack import embedded_environment
from tests.warm import Process, manage_process, python_process

START_SECONDS = 40
STOP_SECONDS = 25
SQLITE_FILE = "eduhu.sqlite3"
MAKE_TEACHERS = """
import json
from django.db import transaction
from knox.models import AuthToken
from teachers.models import Teacher
with transaction.atomic():
    people = [Teacher.objects.create_user(f"t{{n}}@eduhu.example") for n in range({count})]
    print(json.dumps([[AuthToken.objects.create(p)[1] for _ in range(2)] for p in people]))
"""


class Program:
    """One process of eduhu; `log` is where it writes."""

    def __init__(self, environment: dict[str, str], log: Path, *command: str) -> None:
        self.environment = environment
        self.log = log
        self.command = command
        self.process: Process | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it, and do not wait until it is ready."""
        self.process = manage_process(self.environment, self.log, *self.command)

    def signal(self, signum: int) -> None:
        """Send a signal to the process itself."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signum)

    def kill(self) -> None:
        """Kill it at once, as a crash would; calling it again is harmless."""
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    async def ended(self, seconds: float = STOP_SECONDS) -> int | None:
        """Wait for its end and return the exit code; None if it goes on after `seconds`."""
        assert self.process is not None
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return self.process.poll()

    def open_files(self) -> int:
        """Return how many files and sockets it holds (Linux)."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def threads(self) -> int:
        """Return how many threads it has (Linux)."""
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def last_words(self) -> str:
        """Return the end of what it wrote."""
        return self.log.read_text(errors="replace")[-3000:]


class Celery(Program):
    """A worker or beat of Celery."""

    def start(self) -> None:
        self.process = python_process(
            self.environment, self.log, "-m", "celery", "-q", "-A", "eduhu", *self.command
        )


class Web(Program):
    """A web process; `url` is where it answers."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        port = free_port()
        super().__init__(environment, log, "serve", "--port", str(port))
        self.url = f"http://127.0.0.1:{port}"

    def answers(self) -> bool:
        """Whether it serves requests now."""
        try:
            urllib.request.urlopen(f"{self.url}/health/live", timeout=2).close()
        except (urllib.error.URLError, OSError):
            return False
        return True

    async def ready(self) -> None:
        """Wait until it serves requests."""
        end = time.monotonic() + START_SECONDS
        while not await asyncio.to_thread(self.answers):
            assert self.process is not None
            assert self.process.poll() is None, self.last_words()
            assert time.monotonic() < end, self.last_words()
            await asyncio.sleep(0.05)


class ScriptedService(AIServer):
    """An AI service that knows what to answer to each question, whenever it is asked.

    Asked to go on with a partial answer, it says the rest.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scripts: dict[str, Script] = {}

    def handler(self, method: str, path: str) -> Handler:
        """Choose the script by the question."""
        answer = super().handler(method, path)

        async def chosen(connection: Connection, record: Recorded) -> None:
            if script := self._script(record.body):
                self.queue.appendleft(script)  # taken before anybody else can run
            await answer(connection, record)

        return chosen

    def _script(self, body: Any) -> Script | None:
        turns = body.get("messages", []) if isinstance(body, dict) else []
        known = [turn for turn in turns if turn["content"] in self.scripts]
        if not known:
            return None
        script = self.scripts[known[-1]["content"]]
        partial = turns[-2]["content"] if turns[-1] is not known[-1] else ""
        return replace(script, pieces=tuple(_rest(script.said_pieces(), len(partial))))

    def asked(self, question: str) -> list[Recorded]:
        """Return the requests with this question, oldest first."""
        return [each for each in self.requests if question in _contents(each)]


def _rest(pieces: Iterable[str], position: int) -> Iterator[str]:
    for piece in pieces:
        if rest := piece[max(0, position) :]:
            yield rest
        position -= len(piece)


def _contents(record: Recorded) -> list[str]:
    return [turn["content"] for turn in record.body["messages"]] if record.body else []


@contextlib.contextmanager
def _running(service: ScriptedService) -> Iterator[ScriptedService]:
    """Run the service on a loop of its own: the client's loop may be busy or blocked."""
    ready, loop, stopping = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with service:
            ready.set()
            await stopping.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="ai-service")
    thread.start()
    ready.wait(10)
    try:
        yield service
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)
        loop.close()


class Cluster:
    """The processes, and a look into their rows. Use it with `with`.

    `tokens` are bearer tokens, two for each teacher. Raises ServerError where PostgreSQL
    or Redis cannot be had. `settings` are environment variables of eduhu.
    """

    def __init__(self, *, webs: int = 2, workers: int = 2, teachers: int = 20, **settings: str):
        self._numbers = (webs, workers)
        self._teachers = teachers
        self._settings = settings
        self.is_embedded = not workers
        self.ai = ScriptedService()
        self.webs: list[Web] = []
        self.workers: list[Program] = []
        self.tokens: list[tuple[str, str]] = []
        self.postgres: Any = None
        self.redis: Any = None

    @classmethod
    def embedded(cls, **settings: Any) -> Self:
        """One web process with SQLite."""
        return cls(webs=1, workers=0, **settings)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(_folder()))
            stack.enter_context(_running(self.ai))
            environment = self._environment(stack)
            webs, workers = self._numbers
            self.webs = [Web(environment, self.folder / f"web{n}.log") for n in range(webs)]
            self.workers = [
                Program(environment, self.folder / f"worker{n}.log", "reply_worker")
                for n in range(workers)
            ]
            stack.callback(self._end_programs)
            for program in self.programs:
                program.start()
            for web in self.webs:
                asyncio.run(web.ready())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def programs(self) -> list[Program]:
        return [*self.webs, *self.workers]

    @property
    def urls(self) -> list[str]:
        return [web.url for web in self.webs]

    def _environment(self, stack: ExitStack) -> dict[str, str]:
        environment = {
            **embedded_environment(str(self.folder)),
            "TOPIC_TAGGING": "off",  # or each would load a model
            "DJANGO_SETTINGS_MODULE": "eduhu.settings",
            "LOG_LEVEL": "WARNING",
            "AI_BASE_URL": self.ai.url,
            "AI_API_KEY": "sk-test",
            "AI_MODEL": "scripted",
            "AI_ATTEMPTS": "1",
            "AI_BREAKER_FAILURES": "1000000",
            "AI_FIRST_BYTE_TIMEOUT": "5",
            "AI_IDLE_TIMEOUT": "3",
            "CHAT_RATE": "off",
            "MAX_LIVE_REPLIES": "1000",
            "MAX_WAITING_REQUESTS": "10000",
        }
        prepared = once(f"cluster-{self._teachers}-{self.is_embedded}", self._prepare)
        self.tokens = [tuple(pair) for pair in json.loads((prepared / "tokens").read_text())]
        if self.is_embedded:
            copy(prepared / SQLITE_FILE, self.folder)
        else:
            self.postgres = start_first(stack, postgres_rungs(prepared / "data"))
            self.redis = start_first(stack, redis_rungs())
            if self.postgres is None or self.redis is None:
                raise ServerError("there is no PostgreSQL or no Redis to be had here")
            environment |= {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url}
        return environment | self._settings

    def _prepare(self, folder: Path) -> None:
        """Make a migrated database with the teachers; `tokens` is a list of pairs as JSON."""
        environment = embedded_environment(str(folder))
        with ExitStack() as stack:
            server = None if self.is_embedded else start_first(stack, postgres_rungs())
            if server is not None:
                environment["DATABASE_URL"] = server.url
            manage(environment, "migrate", "--noinput", "-v0")
            make = MAKE_TEACHERS.format(count=self._teachers)
            printed = manage(environment, "shell", "-v0", "-c", make)
            (folder / "tokens").write_text(printed.splitlines()[-1])
            if server is not None:
                server.stop()
                copy(server.folder / "data", folder)

    def _end_programs(self) -> None:
        for program in self.programs:
            program.signal(signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        for program in self.programs:
            if program.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    program.process.wait(max(0.1, end - time.monotonic()))
            program.kill()

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return what a query finds in the database, as a client of its own."""
        if self.is_embedded:
            with contextlib.closing(sqlite3.connect(self.folder / SQLITE_FILE)) as lite:
                lite.row_factory = sqlite3.Row
                return [dict(row) for row in lite.execute(query)]
        with psycopg.connect(self.postgres.url, row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()

    def empty_redis(self) -> None:
        """Make a killed Redis forget everything before it is started again."""
        shutil.rmtree(self.redis.folder / "appendonlydir", ignore_errors=True)
        for file in self.redis.folder.glob("appendonly.aof"):
            file.unlink()

    def complaints(self) -> list[str]:
        """Return the lines of all logs that tell of an error nobody expected."""
        logs = [program.log.read_text(errors="replace") for program in self.programs]
        return [line for log in logs for line in log.splitlines() if _is_complaint(line)]


def _is_complaint(line: str) -> bool:
    if "django.request" in line and "Service Unavailable" in line:
        return False  # Django calls every 503 an error
    if "channels_redis.pubsub" in line:
        return False  # it tells of each Redis that dies under open sockets, and comes back
    return " ERROR " in line or " CRITICAL " in line or "was never retrieved" in line


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="eduhu-cluster-") as folder:
        yield folder
