"""pytest plugin (`-p tests.coverage_gate`): every function of `actions.py` and `queries.py` runs.

The functions are found in the source; each is wrapped as its module is imported, so
that whoever imports it gets the wrapped one. A whole run in which one was never
called fails and names it. Where only a part of the suite runs, nothing is asked. Of two
runs that share the suite, the first notes its calls in `EDUHU_CALLED_FILE` for the second,
which is the one that is judged.
Calls inside server processes that tests start are not seen, and do not count.
"""

import ast
import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.processes import ROOT

FILES = ("actions.py", "queries.py")
WHOLE_MARKS = ("", "not services")  # what `tests/run.py` asks for
called: set[str] = set()


def watched(root: Path = ROOT) -> dict[str, Path]:
    """Return the modules whose functions must run, with their files."""
    found = [path for name in FILES for path in root.glob(f"*/{name}")]
    return {f"{path.parent.name}.{path.stem}": path for path in sorted(found)}


def functions_in(module: str, file: Path) -> set[str]:
    """Return the full names of the functions that `file` defines."""
    body = ast.parse(file.read_text()).body
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {f"{module}.{node.name}" for node in body if isinstance(node, kinds)}


def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function`, noting its calls under `name`."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def noting_async(*args: Any, **kwargs: Any) -> Any:
            called.add(name)
            return await function(*args, **kwargs)

        return noting_async

    @functools.wraps(function)
    def noting(*args: Any, **kwargs: Any) -> Any:
        called.add(name)
        return function(*args, **kwargs)

    return noting


class Loader(SourceFileLoader):
    """Loads a module and wraps its functions, before anybody can import one."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        for name in functions_in(module.__name__, Path(self.path)):
            short = name.rpartition(".")[2]
            setattr(module, short, counted(name, getattr(module, short)))


class Finder(MetaPathFinder):
    """Finds the modules to watch; all others are left to the finders after it."""

    def __init__(self, modules: dict[str, Path]) -> None:
        self.modules = modules

    def find_spec(
        self, fullname: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = self.modules.get(fullname)
        if file is None:
            return None
        return spec_from_file_location(fullname, file, loader=Loader(fullname, str(file)))


class Gate:
    """Gathers the calls of all workers, and fails the run where a function had none."""

    def __init__(self, functions: Iterable[str]) -> None:
        self.functions = set(functions)
        self.missing: list[str] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        called.update(getattr(node, "workeroutput", {}).get("called", ()))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        file = os.environ.get("EDUHU_CALLED_FILE")
        if os.environ.get("EDUHU_TEST_LATER") and file:
            Path(file).write_text("\n".join(called))
        elif session.exitstatus == pytest.ExitCode.OK and is_whole(session.config):
            if file and Path(file).exists():
                called.update(Path(file).read_text().splitlines())
            self.missing = sorted(self.functions - called)
            if self.missing:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.missing:
            terminalreporter.section("functions that no test has run")
            for name in self.missing:
                terminalreporter.write_line(name)


class Reporter:
    """Tells the controller what a worker has called."""

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        session.config.workeroutput["called"] = sorted(called)  # type: ignore[attr-defined]


def is_whole(config: pytest.Config) -> bool:
    """Whether this run was asked for the whole suite of its stack."""
    option = config.option
    chosen = option.keyword or option.deselect or option.ignore or option.ignore_glob
    narrowed = getattr(option, "lf", False) or getattr(option, "stepwise", False)
    all_paths = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    marks = option.markexpr.strip().strip("()")
    return all_paths and marks in WHOLE_MARKS and not (chosen or narrowed or option.collectonly)


def pytest_configure(config: pytest.Config) -> None:
    """Judge in the controller; workers report to it."""
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Reporter())
    else:
        names = (functions_in(module, file) for module, file in watched().items())
        config.pluginmanager.register(Gate(set().union(*names)))


sys.meta_path.insert(0, Finder(watched()))
