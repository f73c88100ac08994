"""Sending a batch of rows: ten lanes, one request in flight in each.

A row always takes the lane of its id. Lanes only talk to InstantDB; the database is
left to the thread that reads their reports.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from eduhu.errors import CircuitOpen
from eduhu.mirror.client import Change, InstantClient
from eduhu.mirror.failures import Busy, Closed, NotConnected, Rejected, Unreachable
from eduhu.mirror.leader import LostLead
from eduhu.mirror.recorder import LOOK_SECONDS, Paused
from eduhu.resilience import Breaker
from eduhu.tracing import span

LANES = 10
ROWS_PER_REQUEST = 100
Failure = Unreachable | Busy | Closed | CircuitOpen | LostLead | Paused


@dataclass(slots=True)
class Report:
    """What became of a lane's rows; those that are in no list were not tried."""

    sent: list[Change] = field(default_factory=list)
    refused: list[tuple[Change, str]] = field(default_factory=list)
    doubtful: list[Change] = field(default_factory=list)  # perhaps stored, perhaps later
    failure: Failure | None = None


class Lanes:
    """Threads that send.

    `confirm` is called in them before each request and may raise LostLead or Paused,
    `beat` about once a second in the thread that waits for them.
    """

    def __init__(
        self,
        client: InstantClient,
        breaker: Breaker,
        confirm: Callable[[], None],
        beat: Callable[[], None],
    ) -> None:
        self._client = client
        self._breaker = breaker
        self._confirm = confirm
        self._beat = beat
        self._threads = ThreadPoolExecutor(LANES, thread_name_prefix="mirror")
        self._work: list[Future[Report]] = []

    def close(self) -> None:
        """End the threads, after the requests they wait for."""
        self._threads.shutdown()

    def come_to_rest(self) -> None:
        """Wait for the requests in flight, before somebody else may send."""
        wait(self._work)

    def send(self, changes: Iterable[Change]) -> Iterator[Report]:
        """Send rows; yield a report for each lane as it ends."""
        lanes: list[list[Change]] = [[] for _ in range(LANES)]
        for change in changes:
            lanes[change.row_id.int % LANES].append(change)
        self._work = [self._threads.submit(self._send_lane, lane) for lane in lanes if lane]
        waiting = set(self._work)
        while waiting:
            done, waiting = wait(waiting, LOOK_SECONDS, FIRST_COMPLETED)
            yield from (each.result() for each in done)
            self._beat()

    def _send_lane(self, changes: Sequence[Change]) -> Report:
        report = Report()
        for start in range(0, len(changes), ROWS_PER_REQUEST):
            try:
                self._send(changes[start : start + ROWS_PER_REQUEST], report)
            except (Unreachable, Busy, Closed, CircuitOpen, LostLead, Paused) as failure:
                report.failure = failure
                break
        return report

    def _send(self, changes: Sequence[Change], report: Report) -> None:
        """Send rows in one request; halve them until those that are refused stand alone."""
        self._confirm()
        try:
            with self._breaker.guard(), span("transact", "mirror", rows=len(changes)):
                self._client.transact(changes)
        except Unreachable as failure:
            if not isinstance(failure, NotConnected):
                report.doubtful.extend(changes)
            raise
        except Rejected as rejected:
            if len(changes) == 1:
                report.refused.append((changes[0], str(rejected)))
                return
            half = len(changes) // 2
            self._send(changes[:half], report)
            self._send(changes[half:], report)
        else:
            report.sent.extend(changes)
