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
from dataclasses import dataclass, field

import psycopg
from django.db import DatabaseError, InterfaceError, close_old_connections

from eduhu.errors import CircuitOpen
from eduhu.logs import harmless_text
from eduhu.mirror import outbox, schema, sign_outs
from eduhu.mirror.background import Background
from eduhu.mirror.client import InstantClient, client_of_settings
from eduhu.mirror.doubts import Doubts
from eduhu.mirror.failures import Busy, Closed, Rejected, Unreachable
from eduhu.mirror.lanes import Failure, Lanes, Report
from eduhu.mirror.leader import Leader, LostLead, make_leader
from eduhu.mirror.outbox import Pending, Row
from eduhu.mirror.recorder import LOOK_SECONDS, Paused, Recorder
from eduhu.resilience import Breaker

logger = logging.getLogger(__name__)

BATCH_ENTRIES = 2000
FIRST_DELAY, LONGEST_DELAY = 0.25, 10.0
CLOSED_SECONDS = 30.0  # a person has to act
NEVER = float("-inf")
SCHEMA_SECONDS = 60.0  # permissions can be loosened in InstantDB's dashboard while we send
FOLLOWER_SECONDS = 1.0


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
        self._compared_at = NEVER
        self._not_ready: Failure | None = None
        self._doubts = Doubts(client)

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
        self._doubts.add([each.row for each in outbox.read_pending(BATCH_ENTRIES)])
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
            self._doubts.settle()
            if not done.read:
                close_old_connections()
                self._leader.wait()

    def _next_pass(self) -> Pass:
        """Sign out who is to be, which no schema can hinder; then send rows."""
        try:
            sign_outs.send(self._client)
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
        if is_closed:
            self._compared_at = NEVER
        self._recorder.failed(f"{type(failure).__name__}: {failure}", is_closed=is_closed)

    def _is_ready(self) -> bool:
        """Whether the app has our schema and permissions, now or a short while ago."""
        if time.monotonic() < self._compared_at + SCHEMA_SECONDS:
            return True
        try:
            schema.demand(self._client)
        except (Unreachable, Busy, Closed) as failure:
            if isinstance(failure, Closed) or self._compared_at == NEVER:
                self._recorder.schema_is_ready(False)
            self._not_ready = failure
            self._failures += 1
            return False
        self._recorder.schema_is_ready(True)
        self._compared_at = time.monotonic()
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
        self._doubts.add(result.doubtful)
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


def _settle(report: Report, pending: dict[Row, Pending], result: Pass) -> None:
    outbox.forget([pending[each.table, each.row_id] for each in report.sent])
    for change, reason in report.refused:
        # InstantDB quotes the value that it refuses; staff find it in the outbox.
        told = harmless_text(reason, Rejected.__name__)
        logger.warning("%s %s is parked: %s", change.table, change.row_id, told)
        outbox.park(pending[change.table, change.row_id], reason)
    result.sent += len(report.sent)
    result.parked += len(report.refused)
    result.doubtful += [(each.table, each.row_id) for each in report.doubtful]
    result.failure = result.failure or report.failure


def run(stop: threading.Event) -> None:
    """Mirror until `stop`, with the app of the settings."""
    with client_of_settings() as client:
        Drain(client, make_leader()).run(stop)


class EmbeddedMirror(Background):
    """The drain as a thread; what is not sent when it stops stays in the outbox."""

    def __init__(self) -> None:
        super().__init__("mirror", run)
