"""InstantDB's own JavaScript libraries, as processes that tests talk to.

They are installed by `npm ci` in `tests/npm`, which `.ci/run` does.
"""

import json
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any, Self

from tests.processes import ROOT

FOLDER = ROOT / "tests" / "npm"
SECONDS = 15
Event = dict[str, Any]


def is_installed() -> bool:
    """Whether there is a Node.js, and the libraries for it."""
    return shutil.which("node") is not None and (FOLDER / "node_modules/@instantdb/core").is_dir()


class Node:
    """A script of `tests/npm`, which takes commands and tells events. Use it with `with`."""

    def __init__(self, script: str, **config: str) -> None:
        self._process = subprocess.Popen(
            ["node", script], cwd=FOLDER, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._events: queue.Queue[Event] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.tell("init", config=config)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._events.put(json.loads(line))

    def tell(self, what: str, **details: Any) -> None:
        """Give a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **details}) + "\n")
        self._process.stdin.flush()

    def ask(self, what: str, **details: Any) -> Event:
        """Give a command and return the next event."""
        self.tell(what, **details)
        return self.until(lambda _event: True)

    def until(self, is_wanted: Callable[[Event], Any]) -> Event:
        """Return the first event that is wanted; those before it are dropped."""
        seen, end = [], time.monotonic() + SECONDS
        while (left := end - time.monotonic()) > 0:
            try:
                event = self._events.get(timeout=left)
            except queue.Empty:
                break
            seen.append(event)
            if is_wanted(event):
                return event
        raise AssertionError(f"not within {SECONDS} s; came instead: {seen}")
