"""The reply worker: claims queued replies and writes them, hundreds at once.

Wake-ups make it fast, the sweep makes it certain: a lost wake-up costs at most
`REPLY_SWEEP_SECONDS`.
"""

import asyncio
import datetime as dt
import logging
import math
import os
import socket
import uuid
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from django.conf import settings

from chats.models import ReplyState
from chats.providers.base import Finish, Provider, Usage, estimate_usage
from chats.replies import makers, metrics, store
from chats.replies.events import Ending
from chats.replies.log import ReplyLog
from chats.replies.store import Job, Outcome
from chats.tasks import wake_tagger
from eduhu import logs
from eduhu.db import now
from eduhu.errors import DocumentNotMade, ProviderError, Unavailable, as_eduhu_error
from eduhu.threads import in_thread
from eduhu.tracing import span

logger = logging.getLogger(__name__)

_LAST_WRITES_SECONDS = 5
_TOPICS_SECONDS = 1.0  # between wake-ups, however many replies end
_FINISH_RETRY_SECONDS = (0.2, 1, 5, 5, 10, 10, 30, 60)


@dataclass(eq=False)
class _Running:
    job: Job
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    saved: int = 0
    is_reading: bool = False
    is_interrupted: bool = False
    stop_requested: bool = False
    first_token_at: dt.datetime | None = None
    task: "asyncio.Task[None] | None" = None

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def stop(self) -> None:
        """End this reply as the teacher asked."""
        self.stop_requested = True
        self.interrupt()

    def interrupt(self) -> None:
        """Read no more from the provider. What is being stored already is left in peace."""
        if self.is_reading and not self.is_interrupted and self.task is not None:
            self.task.cancel()
        self.is_interrupted = True


class ReplyWorker:
    """The worker of one event loop. All methods but none of the state belong to that loop."""

    def __init__(self, log: ReplyLog, provider: Provider) -> None:
        self.name = f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._log = log
        self._provider = provider
        self._running: dict[uuid.UUID, _Running] = {}
        self._wake = asyncio.Event()
        # Two updates of the same rows at once could lock them in different orders.
        self._updating = asyncio.Lock()
        self._is_draining = False
        self._is_claiming = False
        self._stopped_early: set[uuid.UUID] = set()  # of what is being claimed, perhaps
        self._have_ended = False  # replies whose questions nobody was told of
        self._away_at = -math.inf  # when the database was last found away, on the loop's clock

    def wake(self) -> None:
        """Look for queued replies now."""
        self._wake.set()

    def request_stop(self, reply_id: uuid.UUID) -> None:
        """Stop a reply this worker writes or is about to write; nothing happens for any other."""
        if running := self._running.get(reply_id):
            running.stop()
        elif self._is_claiming:
            self._stopped_early.add(reply_id)

    async def run(self) -> None:
        """Work until cancelled; then end what is running as interrupted, and return."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._claim_forever(), name="reply-claim")
                for name, seconds, job in (
                    ("reply-heartbeat", settings.REPLY_HEARTBEAT_SECONDS, self._heartbeat),
                    ("reply-checkpoint", settings.REPLY_CHECKPOINT_SECONDS, self._checkpoint),
                    ("reply-reap", settings.REPLY_SWEEP_SECONDS, self._reap),
                    ("reply-topics", _TOPICS_SECONDS, self._wake_tagger),
                ):
                    group.create_task(self._every(seconds, job), name=name)
        finally:
            await asyncio.shield(self._interrupt_all())

    async def drain(self, seconds: float) -> None:
        """Claim nothing more, and wait at most `seconds` for what is running."""
        self._is_draining = True
        tasks = [running.task for running in self._running.values() if running.task]
        if tasks and seconds > 0:
            await asyncio.wait(tasks, timeout=seconds)

    async def _interrupt_all(self) -> None:
        for running in self._running.values():
            running.interrupt()
        tasks = [running.task for running in self._running.values() if running.task]
        if tasks:
            _stored, late = await asyncio.wait(tasks, timeout=_LAST_WRITES_SECONDS)
            for task in late:
                task.cancel()  # the database is away; the checkpoint is what remains
            await asyncio.gather(*late, return_exceptions=True)

    async def _claim_forever(self) -> None:
        while True:
            self._wake.clear()
            free = settings.REPLY_CONCURRENCY - len(self._running)
            if free > 0 and not self._is_draining:
                await self._guarded(self._claim, free)
            # Not `wait_for`: until Python 3.12 it forgets a cancellation that comes with the news.
            with suppress(TimeoutError):  # then the sweep: whatever no wake-up told us of
                async with asyncio.timeout(settings.REPLY_SWEEP_SECONDS):
                    await self._wake.wait()

    async def _claim(self, free: int) -> None:
        self._is_claiming = True
        try:
            jobs = await in_thread(store.claim)(self.name, min(free, store.CLAIMED_AT_ONCE))
        finally:
            self._is_claiming = False
            stopped, self._stopped_early = self._stopped_early, set()
        if len(jobs) == store.CLAIMED_AT_ONCE:
            self._wake.set()  # there may be more
        for job in jobs:
            running = _Running(job, [job.text], len(job.text), len(job.text))
            self._running[job.reply_id] = running
            self._log.begin(job.reply_id, len(job.text), job.attempt)
            if job.reply_id in stopped:
                running.stop()
            running.task = asyncio.create_task(self._write(running), name=f"reply-{job.reply_id}")

    async def _write(self, running: _Running) -> None:
        job = running.job
        logs.forget()
        logs.know(reply_id=job.reply_id, teacher=job.teacher_id)
        try:
            with span("reply", "reply", model=job.prompt.model):
                outcome = await self._generate(running)
            metrics.reply_ended(job, outcome)
            ending = await self._finish(job, outcome)
            self._log.end(ending)
            self._have_ended = True
            logger.info("reply %s after %d characters", outcome.state, len(outcome.text))
        finally:
            if len(self._running) >= settings.REPLY_CONCURRENCY:
                self._wake.set()  # others may wait for this place
            del self._running[job.reply_id]

    async def _generate(self, running: _Running) -> Outcome:
        job = running.job
        try:
            running.is_reading = True
            finish = await self._read(running)
        except asyncio.CancelledError:
            if not running.stop_requested:
                return store.interrupted(running.text, job.prompt)
            return self._outcome(running, ReplyState.CANCELLED, finish_reason="cancelled")
        except Exception as error:  # noqa: BLE001 (the edge of a reply: it must end, and says why)
            spent = error.spent if isinstance(error, DocumentNotMade) else None
            code = as_eduhu_error(error).code
            return self._outcome(running, ReplyState.FAILED, spent=spent, error_code=code)
        finally:
            running.is_reading = False
        return self._outcome(running, ReplyState.COMPLETE, finish, finish_reason=finish.reason)

    async def _read(self, running: _Running) -> Finish:
        reply_id = running.job.reply_id
        if running.is_interrupted:  # before the task's first step
            raise asyncio.CancelledError
        prompt = replace(running.job.prompt, pace=self._log.turn)
        async with aclosing(cast(Any, makers.stream(self._provider, prompt))) as stream:
            async for item in stream:
                if isinstance(item, Finish):
                    if running.length == len(running.job.text):
                        raise ProviderError  # an empty answer helps nobody
                    return item
                if running.first_token_at is None:
                    running.first_token_at = now()
                running.pieces.append(item)
                running.length += len(item)
                self._log.append(reply_id, item)
        raise ProviderError

    @staticmethod
    def _outcome(
        running: _Running,
        state: ReplyState,
        finish: Finish | None = None,
        spent: Usage | None = None,
        **fields: str,
    ) -> Outcome:
        text, prompt = running.text, running.job.prompt
        usage = finish.usage if finish else spent
        return Outcome(
            state,
            text,
            usage or estimate_usage(prompt, text[len(prompt.partial) :]),
            first_token_at=running.first_token_at,
            ended_at=now(),
            model=finish.model if finish else None,
            provider=finish.provider if finish else None,
            document=finish.document if finish else None,
            **fields,
        )

    async def _finish(self, job: Job, outcome: Outcome) -> Ending:
        for pause in _FINISH_RETRY_SECONDS:
            try:
                ending = await in_thread(store.finish)(job, outcome)
                return ending or await in_thread(store.ending)(job, outcome)
            except Exception as error:  # noqa: BLE001 (the text is only here: try again, and log)
                as_eduhu_error(error)
                await asyncio.sleep(pause)
        return store.lost(job, outcome)

    async def _heartbeat(self) -> None:
        if not self._running:
            return
        believed = dict(self._running)
        async with self._updating:
            owned, to_stop = await in_thread(store.heartbeat)(self.name, list(believed))
        for reply_id, running in believed.items():
            if reply_id in to_stop:
                running.stop()
            elif reply_id not in owned:  # another worker has ended it: write no more
                running.interrupt()

    async def _checkpoint(self) -> None:
        grown = [item for item in self._running.items() if item[1].length > item[1].saved]
        if not grown:
            return
        lengths = [(running, running.length) for _, running in grown]
        texts = {reply_id: running.text for reply_id, running in grown}
        async with self._updating:
            await in_thread(store.checkpoint)(self.name, texts)
        for running, length in lengths:
            running.saved = length

    async def _reap(self) -> None:
        # While the database was away nobody could renew a lease: living workers get the
        # time of one to do so.
        clock = asyncio.get_running_loop().time
        if clock() - self._away_at < settings.REPLY_LEASE_SECONDS:
            return
        for ending in await in_thread(store.reap)(self.name, set(self._running)):
            self._log.end(ending)
            self._have_ended = True

    async def _wake_tagger(self) -> None:
        if self._have_ended:
            self._have_ended = False
            await in_thread(wake_tagger)()

    async def _every(self, seconds: float, job: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._guarded(job)

    async def _guarded(self, job: Callable[..., Awaitable[None]], *args: Any) -> None:
        try:
            await job(*args)
        except Exception as error:  # noqa: BLE001 (the edge of a loop: log, and go on)
            if isinstance(as_eduhu_error(error), Unavailable):
                self._away_at = asyncio.get_running_loop().time()
