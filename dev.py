#!/usr/bin/env python3
"""Three commands for everyone who works on eduhu, with nothing but Python installed.

    dev.py up               run eduhu here, with demo data; Ctrl-C ends it
    dev.py test [options]   run the whole test suite; options go to pytest
    dev.py check            style, types, layers, migrations, settings, API description;
                            with --budgets also what requests cost

Each makes the environment in `.venv/` first, once. Standard library only.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is for those who have an older one
    sys.exit(f"eduhu needs Python 3.11 or newer; this is Python {sys.version.split()[0]}.")
if os.name != "posix":
    sys.exit("dev.py needs Linux or macOS; on Windows it runs in WSL.")

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.processes import (
    ROOT,
    Failed,
    Stopped,
    run,
    run_quietly,
    say,
    spawn,
    stop,
    stop_on_signals,
)

START_SECONDS = 60


# --- The environment -----------------------------------------------------------------------


@dataclass(frozen=True)
class Environment:
    """The `.venv/` of a project folder.

    A stamp inside says which requirements it holds. The stamp is taken away before
    anything is installed, so an environment without one was left half-made.
    """

    root: Path = ROOT

    @property
    def venv(self) -> Path:
        """The folder of the environment."""
        return self.root / ".venv"

    @property
    def stamp(self) -> Path:
        """Line 1: which Python and where. Further lines: the requirements it holds."""
        return self.venv / ".eduhu-stamp"

    def tool(self, name: str) -> Path:
        """Return the path of an installed program."""
        return self.venv / "bin" / name

    def holds(self, requirements: str) -> bool:
        """Whether `requirements` are installed as the files say now."""
        return self._is_sound() and self._fingerprint(requirements) in self._stamped()

    def ensure(self, requirements: str) -> None:
        """Install `requirements` unless they are there. Safe to run twice, and at once."""
        if self.holds(requirements):
            return
        with self._lock():
            if not self.holds(requirements):
                self._install(requirements)

    def _stamped(self) -> list[str]:
        return self.stamp.read_text().splitlines() if self.stamp.exists() else []

    def _identity(self) -> str:
        return f"Python {sys.version_info[0]}.{sys.version_info[1]} in {self.venv}"

    def _is_sound(self) -> bool:
        return self._stamped()[:1] == [self._identity()] and self.tool("python").exists()

    def _fingerprint(self, requirements: str) -> str:
        digest = hashlib.sha256()
        for name in ("constraints.txt", "requirements.txt", requirements):
            digest.update((self.root / name).read_bytes())
        return f"{requirements} {digest.hexdigest()}"

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        # The folder itself is the lock file: it is always there and leaves nothing behind.
        folder = os.open(self.root, os.O_RDONLY)
        try:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Another dev.py is preparing the environment; waiting for it.")
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _install(self, requirements: str) -> None:
        say("Preparing the environment in .venv/ (a minute or two the first time).")
        if not self._is_sound():
            self._remove()
        self.stamp.unlink(missing_ok=True)
        uv = shutil.which("uv")
        if not (uv and self._install_with_uv(uv, requirements)):
            self._install_with_pip(requirements)
        self.mark(requirements)

    def mark(self, requirements: str) -> None:
        """Stamp the environment as holding `requirements`, in one step."""
        held = map(self._fingerprint, dict.fromkeys(["requirements.txt", requirements]))
        draft = self.stamp.with_suffix(".new")
        draft.write_text("\n".join([self._identity(), *held]) + "\n")
        draft.replace(self.stamp)

    def _remove(self) -> None:
        if self.venv.exists():
            shutil.rmtree(self.venv)

    def _files(self, requirements: str) -> list[object]:
        return ["-r", self.root / requirements, "-c", self.root / "constraints.txt"]

    def _install_with_uv(self, uv: str, requirements: str) -> bool:
        python = self.tool("python")
        try:
            if not python.exists():
                run_quietly([uv, "venv", "--quiet", "--python", base_python(), self.venv])
            run_quietly([uv, "pip", "install", "--python", python, *self._files(requirements)])
        except Failed as error:
            say(f"uv could not install the packages; trying pip.\n{without_addresses(error)}")
            return False
        return True

    def _install_with_pip(self, requirements: str) -> None:
        try:
            if not self.tool("pip").exists():
                self._remove()
                demand_venv()
                run_quietly([base_python(), "-m", "venv", self.venv])
            pip = [self.tool("python"), "-m", "pip", "install", "--no-input"]
            quiet = ["--disable-pip-version-check", "--root-user-action=ignore"]
            run_quietly([*pip, *quiet, *self._files(requirements)])
        except Failed as error:
            raise Failed(
                f"the packages could not be installed.\n{without_addresses(error)}"
            ) from None


def base_python() -> str:
    """Return the interpreter outside any environment: ours may be the one that is rebuilt."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def demand_venv() -> None:
    """Raise `Failed` where this Python cannot make environments, as on a fresh Debian."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise Failed(
            "this Python comes without venv and ensurepip, which make the environment."
            " On Debian and Ubuntu: apt-get install python3-venv"
        )


def without_addresses(text: object) -> str:
    """Return an installer's output without the addresses of package registries."""
    lines = [line for line in str(text).splitlines() if not line.startswith("Looking in ")]
    return re.sub(r"(https?|file)://[^\s'\"`>)]+|(?<=host=['\"])[^'\"]+", "…", "\n".join(lines))


ENVIRONMENT = Environment()


def manage(*arguments: object) -> list[object]:
    """Return the command line of a Django command."""
    return [ENVIRONMENT.tool("python"), "manage.py", *arguments]


# --- up ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Service:
    """One process of a running eduhu. `{NAMES}` in the command are environment variables."""

    name: str
    command: str
    applies: Callable[[Mapping[str, str]], bool] = lambda env: True


def has_redis(env: Mapping[str, str]) -> bool:
    """Whether replies are written by a process of their own; else the web server writes them."""
    return bool(env.get("REDIS_URL"))


def has_broker(env: Mapping[str, str]) -> bool:
    """Whether tasks travel between processes; without a broker the web server runs them."""
    broker = env.get("CELERY_BROKER_URL") or env.get("REDIS_URL") or "memory://"
    return not broker.startswith("memory:")


def has_mirror(env: Mapping[str, str]) -> bool:
    """Whether InstantDB is fed by a process of its own; on SQLite the web server feeds it."""
    is_postgresql = env.get("DATABASE_URL", "").startswith(("postgres://", "postgresql://"))
    return is_postgresql and bool(env.get("INSTANT_APP_ADMIN_TOKEN"))


SERVICES = (
    Service("web server", "manage.py serve --port {PORT}"),
    Service("reply worker", "manage.py reply_worker", has_redis),
    Service("mirror", "manage.py mirror", has_mirror),
    Service("Celery worker", "-m celery -q -A eduhu worker -l warning", has_broker),
    Service("Celery beat", "-m celery -q -A eduhu beat -l warning", has_broker),
)


def up() -> int:
    """Migrate, seed, then run every process that applies until one ends or we are stopped."""
    ENVIRONMENT.ensure("requirements.txt")
    env = up_environment()
    demand_free_port(env["PORT"])
    development = (env.get("EDUHU_ENV") or "development") == "development"
    for command in ("migrate --noinput --verbosity 0", "seed_demo" if development else ""):
        if command and run(manage(*command.split()), env):
            raise Failed(f"`manage.py {command.split()[0]}` failed; nothing was started.")
    greeting = f"eduhu is ready at http://127.0.0.1:{env['PORT']}/"
    if development:
        password = "$DEMO_PASSWORD" if env.get("DEMO_PASSWORD") else "eduhu-demo"
        greeting += f" (demo@eduhu.example and staff@eduhu.example, password {password})"
    try:
        return supervise(env, greeting)
    except Stopped:
        return 0


def up_environment() -> dict[str, str]:
    """Return the variables of all processes: `.env`, over it our own, and two defaults."""
    env = {**variables_of(os.environ.get("EDUHU_ENV_FILE", str(ROOT / ".env"))), **os.environ}
    data = Path(env.get("EDUHU_DATA_DIR") or ROOT / ".data").absolute()
    data.mkdir(parents=True, exist_ok=True)
    return env | {"EDUHU_DATA_DIR": str(data), "PORT": env.get("PORT") or "8000"}


def variables_of(env_file: str) -> dict[str, str]:
    """Return what the file sets, read by the library that the settings use."""
    if not Path(env_file).is_file():
        return {}
    program = "import dotenv, json, sys; print(json.dumps(dotenv.dotenv_values(sys.argv[1])))"
    values = json.loads(run_quietly([ENVIRONMENT.tool("python"), "-c", program, env_file]))
    return {name: value for name, value in values.items() if value is not None}


def demand_free_port(port: str) -> None:
    """Raise `Failed` unless a server could listen on `port` now."""
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise Failed(f"PORT must be a number from 1 to 65535, not {port!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except OSError as error:
            reason = os.strerror(error.errno or 0).lower()
            hint = "Is eduhu running already? Another one: PORT=8001 python3 dev.py up"
            raise Failed(f"port {port} cannot be used ({reason}). {hint}") from None


def supervise(env: Mapping[str, str], greeting: str) -> int:
    """Run the services; greet when the server answers; when one ends, end all and return 1."""
    running: dict[str, subprocess.Popen[str]] = {}
    patience = time.monotonic() + START_SECONDS
    ready = False
    try:
        for service in SERVICES:
            if service.applies(env):
                parts = [part.format_map(env) for part in service.command.split()]
                running[service.name] = spawn([ENVIRONMENT.tool("python"), *parts], env)
        while True:
            for name, process in running.items():
                if process.poll() is not None:
                    raise Failed(f"the {name} ended with exit code {process.returncode}.")
            if not ready and answers(f"http://127.0.0.1:{env['PORT']}/health/live"):
                ready = True
                say(greeting)
            if not ready and time.monotonic() > patience:
                raise Failed(f"the web server gives no answer after {START_SECONDS} seconds.")
            time.sleep(0.2)
    finally:
        stop(running.values())


def answers(url: str) -> bool:
    """Whether a GET of `url` succeeds, asked without any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2):
            return True
    except OSError:  # refused, timed out, or an HTTP error
        return False


# --- The commands --------------------------------------------------------------------------


def test(*options: str) -> int:
    """Run the suite; the exit code is pytest's."""
    ENVIRONMENT.ensure("requirements-dev.txt")
    return run([ENVIRONMENT.tool("python"), "-m", "tests.run", *options])


def check(*options: str) -> int:
    """Run every check, also after one failed; return 1 if any did."""
    ENVIRONMENT.ensure("requirements-dev.txt")
    return run([ENVIRONMENT.tool("python"), "-m", "tests.check", *options])


def main(arguments: list[str]) -> int:
    """Run the command that `arguments` name and return the exit code."""
    command, options = (arguments or ["help"])[0], arguments[1:]
    takes = {"up": [], "test": options, "check": ["--budgets"]}
    if command not in takes or any(option not in takes[command] for option in options):
        say(str(__doc__).strip())
        return 0 if arguments and command in ("help", "-h", "--help") else 2
    stop_on_signals()
    try:
        code = {"up": up, "test": test, "check": check}[command](*options)
    except Failed as error:
        say(f"dev.py: {error}")
        return 1
    except PermissionError as error:
        say(f"dev.py: no permission for {error.filename}; does it belong to another user?")
        return 1
    except Stopped as stopped:
        return stopped.exit_code
    return code if code >= 0 else 128 - code  # ended by a signal


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
