"""The drain: carries what waits in the outbox to InstantDB, for as long as it leads.

Each pass reads the oldest entries, merges them by row, reads the rows as they are
now, sends them, and deletes exactly the entries it read. Whatever happens in
between, the entries are still there and the next pass sends again, which does no
harm: a row is always sent whole.
"""

import logging
import random
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import psycopg
from django.db import DatabaseError, InterfaceError, close_old_connections

from eduhu.errors import CircuitOpen
from eduhu.mirror import compare, outbox, schema
from eduhu.mirror.background import Background
from eduhu.mirror.client import (
    Busy,
    Closed,
    InstantClient,
    MirrorError,
    Rejected,
    Unreachable,
    client_of_settings,
)
from eduhu.mirror.lanes import Failure, Lanes, Report
from eduhu.mirror.leader import Leader, LostLead, make_leader
from eduhu.mirror.models import Operation
from eduhu.mirror.outbox import Pending, Row
from eduhu.mirror.recorder import LOOK_SECONDS, Paused, Recorder
from eduhu.resilience import Breaker

logger = logging.getLogger(__name__)

BATCH_ENTRIES = 2000
PEOPLE_AT_ONCE = 20  # between two signs of life
FIRST_DELAY, LONGEST_DELAY = 0.25, 10.0
CLOSED_SECONDS = 30.0  # a person has to act
FOLLOWER_SECONDS = 1.0
# InstantDB's own limit is 30 s: what was in flight has taken effect by then, or never will.
DOUBT_SECONDS = 35.0


@dataclass(slots=True)
class Pass:
    """What one pass did."""

    read: int = 0
    sent: int = 0
    parked: int = 0
    failure: Failure | None = None
    doubtful: list[Row] = field(default_factory=list)


class Drain:
    """Sends with `client` while `leader` is ours."""

    def __init__(self, client: InstantClient, leader: Leader) -> None:
        self._client = client
        self._leader = leader
        breaker = Breaker(
            "InstantDB", failures=(Unreachable, Busy), alive=(Rejected, Closed), pause=5.0
        )
        self._recorder = Recorder()
        self._lanes = Lanes(client, breaker, self._confirm, self._recorder.beat)
        self._failures = 0
        self._is_checked = False
        self._not_ready: Failure | None = None
        self._doubts: dict[Row, float] = {}  # and when its fate is certain

    def run(self, stop: threading.Event) -> None:
        """Lead whenever nobody else does, until `stop`; no failure ends it."""
        try:
            while not stop.is_set():
                pause = FOLLOWER_SECONDS
                try:
                    if self._leader.acquire():
                        self._lead(stop)
                except LostLead:
                    logger.warning("the lead of the mirror was lost")
                except (DatabaseError, InterfaceError, psycopg.Error) as error:
                    logger.warning("the mirror waits for the database", exc_info=error)
                except Exception:
                    # A fault of ours; as a thread of `serve` nobody would start us again.
                    logger.exception("the mirror failed, and begins again")
                    pause = CLOSED_SECONDS
                finally:
                    self._lanes.come_to_rest()
                    self._leader.release()
                    close_old_connections()
                stop.wait(pause)
        finally:
            self._lanes.close()

    def _lead(self, stop: threading.Event) -> None:
        logger.info("the mirror sends from this process")
        # The leader before us may have died with requests on their way.
        self._doubt([each.row for each in outbox.read_pending(BATCH_ENTRIES)])
        self._recorder.begin()
        while not stop.is_set():
            self._recorder.beat()
            if self._recorder.is_paused:
                self._rest(stop, LOOK_SECONDS)
                continue
            done = self._next_pass()
            if done.failure is not None:
                self._note(done.failure)
                self._rest(stop, self._pause_after(done.failure))
                continue
            self._recorder.succeeded()
            self.settle_doubts()
            if not done.read:
                close_old_connections()
                self._leader.wait()

    def _next_pass(self) -> Pass:
        """Sign out who is to be, which no schema can hinder; then send rows."""
        try:
            sign_out_people(self._client)
        except (Unreachable, Busy, Closed) as failure:
            self._failures += 1
            return Pass(failure=failure)
        return self.run_pass() if self._is_ready() else Pass(failure=self._not_ready)

    def _confirm(self) -> None:
        """Raise LostLead or Paused unless we may send; safe from several threads."""
        if self._recorder.is_paused:
            raise Paused("a person paused the mirror")
        self._leader.confirm()

    def _rest(self, stop: threading.Event, seconds: float) -> None:
        """Send nothing for a while, and stay the leader."""
        end = time.monotonic() + seconds
        while not stop.is_set() and (left := end - time.monotonic()) > 0:
            stop.wait(min(left, LOOK_SECONDS))
            self._leader.stay()
            self._recorder.beat()

    def _note(self, failure: Failure) -> None:
        if isinstance(failure, Paused):
            return
        is_closed = isinstance(failure, Closed)
        self._is_checked = self._is_checked and not is_closed
        self._recorder.failed(f"{type(failure).__name__}: {failure}", is_closed=is_closed)

    def _is_ready(self) -> bool:
        """Whether the app has our schema and permissions."""
        try:
            if not self._is_checked:
                schema.demand(self._client)
        except (Unreachable, Busy, Closed) as failure:
            self._recorder.schema_is_ready(False)
            self._not_ready = failure
            self._failures += 1
            return False
        if not self._is_checked:
            self._recorder.schema_is_ready(True)
        self._is_checked = True
        return True

    def run_pass(self) -> Pass:
        """Send what waits, at most `BATCH_ENTRIES` entries."""
        pending = {each.row: each for each in outbox.read_pending(BATCH_ENTRIES)}
        result = Pass(read=len(pending))
        changes = outbox.changes_of(pending.values())
        # Deletions first: a value that must be unique may move from a row to another.
        for is_deletion in (True, False):
            batch = [each for each in changes if (each.document is None) == is_deletion]
            for report in self._lanes.send(batch):
                _settle(report, pending, result)
            if result.failure is not None:
                break
        if result.sent and isinstance(result.failure, CircuitOpen):
            result.failure = None  # one lane tried whether it works again, and it does
        self._doubt(result.doubtful)
        self._recorder.sent(result.sent)
        self._failures = self._failures + 1 if result.failure is not None else 0
        if isinstance(result.failure, LostLead):
            raise result.failure
        return result

    def _pause_after(self, failure: Failure) -> float:
        if isinstance(failure, Paused):
            return 0.0
        if isinstance(failure, Closed):
            logger.warning("InstantDB takes nothing, everything waits: %s", failure)
            return CLOSED_SECONDS
        logger.warning("InstantDB failed, trying again: %s", failure)
        step = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(self._failures, 10))
        asked = failure.retry_after if isinstance(failure, Busy | CircuitOpen) else None
        return random.uniform(step / 2, step) + (asked or 0)

    def _doubt(self, rows: Iterable[Row]) -> None:
        self._doubts |= dict.fromkeys(rows, time.monotonic() + DOUBT_SECONDS)

    def settle_doubts(self) -> None:
        """Send again what a request of unknown fate has left different, once it is certain."""
        now = time.monotonic()
        due = [row for row, moment in self._doubts.items() if moment <= now]
        try:
            outbox.enqueue(each.row for each in compare.different(self._client, due))
        except MirrorError as error:
            logger.warning("doubtful rows cannot be compared yet: %s", error)
            return
        for row in due:
            del self._doubts[row]


def _settle(report: Report, pending: dict[Row, Pending], result: Pass) -> None:
    outbox.forget([pending[each.table, each.row_id] for each in report.sent])
    for change, reason in report.refused:
        logger.warning("%s %s is parked: %s", change.table, change.row_id, reason)
        outbox.park(pending[change.table, change.row_id], reason)
    result.sent += len(report.sent)
    result.parked += len(report.refused)
    result.doubtful += [(each.table, each.row_id) for each in report.doubtful]
    result.failure = result.failure or report.failure


def sign_out_people(client: InstantClient) -> None:
    """End the tokens of people who are signed out. Raises Unreachable, Busy or Closed."""
    for entry in outbox.people_to_sign_out(PEOPLE_AT_ONCE):
        try:
            client.sign_out(entry.row_id)  # also a closed app does this
            if entry.operation == Operation.DELETE:
                client.remove_person(entry.row_id)
        except Rejected as error:
            logger.exception("the sign-out of %s is parked", entry.row_id)
            outbox.park(Pending(entry.table, entry.row_id, (entry.pk,)), str(error))
        else:
            entry.delete()


def run(stop: threading.Event) -> None:
    """Mirror until `stop`, with the app of the settings."""
    with client_of_settings() as client:
        Drain(client, make_leader()).run(stop)


class EmbeddedMirror(Background):
    """The drain as a thread; what is not sent when it stops stays in the outbox."""

    def __init__(self) -> None:
        super().__init__("mirror", run)
