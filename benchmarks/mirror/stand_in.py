"""The stand-in for InstantDB as a process of its own, and the handle of whoever started it.

`python -m benchmarks.mirror.stand_in PORT` takes an order a line and answers each with a
line of JSON: `stop` and `start` the listening, `take` the rows that came since the last take.
It goes on without orders where there is nobody to give any.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.fakes.instant_server import InstantServer
from tests.processes import ROOT, tied_to_parent
from tests.services import free_port


@dataclass(frozen=True, slots=True)
class Sent:
    """A row that was stored, or deleted (no document), at a time of `time.monotonic()`."""

    at: float
    table: str
    row_id: str
    document: dict[str, Any] | None

    @property
    def revision(self) -> int | None:
        """Which write of ours it covers; a deletion has none."""
        return None if self.document is None else self.document["mirror_rev"]


class StandIn:
    """The process; `url` is where it listens. It ends with us."""

    def __init__(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.mirror.stand_in", str(port)],
            cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=tied_to_parent(signal.SIGKILL),
        )  # fmt: skip
        self.take()  # answered as soon as it listens

    def stop(self) -> None:
        """Refuse all connections; the rows stay."""
        self._order("stop")

    def start(self) -> None:
        """Listen again, as it does from the beginning."""
        self._order("start")

    def take(self) -> list[Sent]:
        """Return what came since the last call, in the order in which it took effect."""
        return [Sent(*each) for each in self._order("take")]

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def _order(self, order: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def main() -> None:
    """Listen and take orders until there can be no more."""
    server = InstantServer()
    server.port = int(sys.argv[1])
    server.start()
    orders: dict[str, Callable[[], object]] = {
        "stop": server.stop,
        "start": server.start,
        "take": lambda: _take(server),
    }
    print(f"listening at {server.url}; orders: {', '.join(orders)}", file=sys.stderr, flush=True)
    with suppress(KeyboardInterrupt):
        for line in sys.stdin:
            order = orders.get(line.strip(), lambda: f"orders: {', '.join(orders)}")
            print(json.dumps(order()), flush=True)
        signal.pause()  # the input has ended, not what asks us


def _take(server: InstantServer) -> list[tuple[float, str, str, Any]]:
    taken = list(server.log)
    del server.log[: len(taken)]
    return [
        (each.at, table, row_id, document)
        for each in taken
        if each.path == "/admin/transact" and each.status == 200
        for _action, table, row_id, document in _whole(each.body["steps"])
    ]


def _whole(steps: list[Any]) -> list[list[Any]]:
    return [[*step, None][:4] for step in steps]


if __name__ == "__main__":
    main()
