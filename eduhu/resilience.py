"""Calls to services that may fail: how long, how often, and when not to ask at all.

`Deadline` bounds a whole piece of work, `Retry` repeats what failed by chance, and
`Breaker` leaves alone a service that is down. All take seconds; all are safe to use
from threads and from coroutines.
"""

import asyncio
import datetime as dt
import logging
import math
import random
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from tenacity import AsyncRetrying, RetryCallState, Retrying, retry_if_exception_type

from eduhu.errors import CircuitOpen

logger = logging.getLogger(__name__)

T = TypeVar("T")
Errors = tuple[type[Exception], ...]


class Deadline:
    """The moment by which a piece of work must be over, `seconds` from now."""

    __slots__ = ("_clock", "_ends_at")

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends_at = clock() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left; never negative."""
        return max(0.0, self._ends_at - self._clock())

    def timeout(self) -> asyncio.Timeout:
        """Return `asyncio.timeout` for what is left: an async context that raises TimeoutError."""
        return asyncio.timeout(self.remaining())


def _asks_for_nothing(_error: BaseException) -> float | None:
    return None


@dataclass(frozen=True, slots=True)
class Retry:
    """Repeats a call that failed with one of the transient errors `on`, and with no other.

    Delays double from `first_delay` up to `longest_delay`, each drawn from the upper
    half of its step, so that many callers do not come back together. `asked_delay`
    reads from an error how long the service wants to be left alone: that time is
    added, and one over `longest_delay` ends the attempts.
    """

    on: Errors
    attempts: int = 3
    first_delay: float = 0.5
    longest_delay: float = 8.0
    asked_delay: Callable[[BaseException], float | None] = _asks_for_nothing
    sleep: Callable[[float], None] = time.sleep
    sleep_async: Callable[[float], Awaitable[None]] = asyncio.sleep

    def call(
        self, function: Callable[[], T], *, idempotent: bool, deadline: Deadline | None = None
    ) -> T:
        """Return `function()`, or raise its last error.

        Say honestly whether the call is `idempotent`: one that is not is made once,
        since an error does not tell whether it took effect. Nothing is tried again
        after the `deadline`; it does not cut short an attempt that is running.
        """
        attempts = self.attempts if idempotent else 1
        return Retrying(sleep=self.sleep, **self._rules(attempts, deadline))(function)

    async def call_async(
        self,
        function: Callable[[], Awaitable[T]],
        *,
        idempotent: bool,
        deadline: Deadline | None = None,
    ) -> T:
        """Do the same as `call` for a coroutine function."""
        # Nearly always all there is; Tenacity costs more than the rest of asking, and hears
        # only of failures.
        try:
            return await function()
        except self.on as error:
            failed: Exception | None = error

        async def attempt() -> T:
            nonlocal failed
            first, failed = failed, None
            if first is not None:
                raise first
            return await function()

        attempts = self.attempts if idempotent else 1
        retrying = AsyncRetrying(sleep=self.sleep_async, **self._rules(attempts, deadline))
        return await retrying(attempt)

    def _rules(self, attempts: int, deadline: Deadline | None) -> dict[str, Any]:
        def is_enough(state: RetryCallState) -> bool:
            return (
                state.attempt_number >= attempts
                or (self.asked_delay(_error_of(state)) or 0) > self.longest_delay
                or (deadline is not None and state.upcoming_sleep >= deadline.remaining())
            )

        return {
            "retry": retry_if_exception_type(self.on),
            "wait": self._delay,
            "stop": is_enough,
            "before_sleep": _log_retry,
            "reraise": True,
        }

    def _delay(self, state: RetryCallState) -> float:
        step = min(self.longest_delay, self.first_delay * 2 ** (state.attempt_number - 1))
        return random.uniform(step / 2, step) + (self.asked_delay(_error_of(state)) or 0)


def _error_of(state: RetryCallState) -> BaseException:
    error = state.outcome.exception() if state.outcome is not None else None
    assert error is not None  # tenacity asks only after a failure
    return error


def _log_retry(state: RetryCallState) -> None:
    logger.warning(
        "Attempt %d failed (%s), again in %.1f s",
        state.attempt_number,
        type(_error_of(state)).__name__,  # its text may hold what a log must not
        state.upcoming_sleep,
    )


class BreakerState(StrEnum):
    """`closed` asks, `open` does not, `half_open` asks once to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerStatus:
    """A breaker at one moment; `failures` are those since the last success."""

    name: str
    state: BreakerState
    failures: int
    opened_at: dt.datetime | None


class Breaker:
    """Stops asking a service that failed `threshold` times in a row within `window`.

    After `pause` one caller may try again: its success closes the breaker, its
    failure opens it for another `pause`. Only the errors `failures` count; `alive`
    names errors that prove the service works. Any other error, and a cancellation,
    says nothing and leaves the place of the one caller to the next.

    A breaker is listed by `breakers()` for as long as it is in use; a newer one of
    the same name takes its place.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: Errors,
        alive: Errors = (),
        threshold: int = 5,
        window: float = 300.0,
        pause: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._failures = failures
        self._alive = alive
        self._window = window
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._failed_at: deque[float] = deque(maxlen=threshold)
        self._failed = 0
        self._opened: float | None = None
        self._opened_at: dt.datetime | None = None
        self._probing = False
        # Grows with each change. What began before a change has no say after it.
        self._era = 0
        _breakers[name] = self

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Judge the service by what happens inside; raise `CircuitOpen` instead of entering."""
        era = self._enter()
        success: bool | None = None
        try:
            yield
            success = True
        except self._alive:
            success = True
            raise
        except self._failures:
            success = False
            raise
        finally:
            self._leave(era, success)

    def status(self) -> BreakerStatus:
        """Return what metrics and alerts want to know."""
        with self._lock:
            return BreakerStatus(self.name, self._state(), self._failed, self._opened_at)

    def _state(self) -> BreakerState:
        if self._opened is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._to_wait() > 0 else BreakerState.HALF_OPEN

    def _to_wait(self) -> float:
        return (self._opened or 0.0) + self._pause - self._clock()

    def _enter(self) -> int:
        with self._lock:
            if self._opened is not None:
                wait = self._to_wait()
                if wait > 0 or self._probing:
                    raise CircuitOpen(retry_after=math.ceil(wait))
                self._probing = True
            return self._era

    def _leave(self, era: int, success: bool | None) -> None:
        with self._lock:
            if era != self._era:
                return
            self._probing = False
            before, failed = self._opened, self._failed
            if success is not None:
                self._judge(success)
            after = self._opened
        if after != before:
            state = "asked again" if after is None else f"not asked for {self._pause:.0f} s"
            logger.warning("%s is %s (failures: %d)", self.name, state, failed + (not success))

    def _judge(self, success: bool) -> None:
        if success:
            self._failed = 0
            self._failed_at.clear()
            if self._opened is not None:
                self._opened = self._opened_at = None
                self._era += 1
            return
        now = self._clock()
        self._failed += 1
        self._failed_at.append(now)
        is_run = len(self._failed_at) == self._failed_at.maxlen
        if self._opened is not None or (is_run and now - self._failed_at[0] <= self._window):
            self._opened, self._opened_at = now, dt.datetime.now(dt.UTC)
            self._era += 1


_breakers: WeakValueDictionary[str, Breaker] = WeakValueDictionary()


def breakers() -> list[BreakerStatus]:
    """Return the status of every breaker in use in this process, by name."""
    return [breaker.status() for _name, breaker in sorted(_breakers.items())]
