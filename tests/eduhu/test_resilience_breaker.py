"""The breaker: when it opens, who may try, and what closes it again."""

import asyncio
import datetime as dt
import gc
import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from eduhu.errors import CircuitOpen, Unavailable
from eduhu.resilience import Breaker, BreakerState, breakers

CLOSED, OPEN, HALF_OPEN = BreakerState
CALLERS = 20


class DownError(Exception):
    """The service does not answer."""


class WrongError(Exception):
    """The service answers that the request is wrong."""


class Clock:
    """A clock that tests turn."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(
        "service", failures=(DownError,), alive=(WrongError,),
        threshold=3, window=60, pause=15, clock=clock,
    )  # fmt: skip


def call(breaker, error=None):
    """One call, which fails with `error`; tell whether the service was asked."""
    try:
        with breaker.guard():
            if error is not None:
                raise error
    except CircuitOpen:
        return False
    except (DownError, WrongError, ValueError):
        return True
    return True


def state(breaker):
    return breaker.status().state


def opened(breaker):
    for _ in range(3):
        call(breaker, DownError())
    assert state(breaker) == OPEN
    return breaker


# Each step is a call's error (None: success), or seconds that pass.
@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], CLOSED),
        ([DownError(), DownError()], CLOSED),
        ([DownError(), DownError(), DownError()], OPEN),
        ([DownError(), DownError(), None, DownError(), DownError()], CLOSED),
        ([DownError(), DownError(), WrongError(), DownError()], CLOSED),
        ([DownError(), DownError(), ValueError(), DownError()], OPEN),
        ([WrongError()] * 9, CLOSED),
        ([ValueError()] * 9, CLOSED),
        ([DownError(), 31, DownError(), 31, DownError()], CLOSED),
        ([DownError(), 31, DownError(), 31, DownError(), DownError()], OPEN),
        ([*[DownError()] * 3, 14.9], OPEN),
        ([*[DownError()] * 3, 15], HALF_OPEN),
        ([*[DownError()] * 3, 15, None], CLOSED),
        ([*[DownError()] * 3, 15, WrongError()], CLOSED),
        ([*[DownError()] * 3, 15, DownError()], OPEN),
        ([*[DownError()] * 3, 15, DownError(), 14.9], OPEN),
        ([*[DownError()] * 3, 15, DownError(), 15], HALF_OPEN),
        ([*[DownError()] * 3, 15, DownError(), 15, None], CLOSED),
        ([*[DownError()] * 3, 15, ValueError()], HALF_OPEN),
        ([*[DownError()] * 3, 15, ValueError(), None], CLOSED),
        ([*[DownError()] * 3, 15, None, DownError(), DownError()], CLOSED),
        ([*[DownError()] * 3, 15, None, *[DownError()] * 3], OPEN),
    ],
)
def test_state_follows_what_the_service_does(breaker, clock, steps, expected):
    for step in steps:
        if isinstance(step, (int, float)):
            clock.now += step
        else:
            assert call(breaker, step), "the service was not asked"
    assert state(breaker) == expected


def test_open_breaker_asks_nobody_and_says_when_to_come_back(breaker, clock):
    opened(breaker)
    for passed, wait in ((0, 15), (5, 10), (9.5, 1)):
        clock.now += passed
        with pytest.raises(CircuitOpen) as refusal, breaker.guard():
            raise AssertionError("the service was asked")
        assert refusal.value.retry_after == wait
        assert isinstance(refusal.value, Unavailable)
        assert refusal.value.status == 503


def test_while_one_tries_the_others_are_refused(breaker, clock):
    opened(breaker)
    clock.now += 15
    with breaker.guard():
        with pytest.raises(CircuitOpen) as refusal, breaker.guard():
            raise AssertionError("a second probe")
        assert refusal.value.retry_after == 1
    assert state(breaker) == CLOSED


@pytest.mark.parametrize(("error", "after"), [(None, CLOSED), (DownError(), OPEN)])
async def test_of_many_coroutines_exactly_one_tries(breaker, clock, error, after):
    opened(breaker)
    clock.now += 15
    asked = 0

    async def caller():
        nonlocal asked
        with breaker.guard():
            asked += 1
            await asyncio.sleep(0.01)
            if error:
                raise error

    results = await asyncio.gather(*(caller() for _ in range(CALLERS)), return_exceptions=True)
    assert asked == 1
    assert sum(isinstance(result, CircuitOpen) for result in results) == CALLERS - 1
    assert state(breaker) == after


def test_of_many_threads_exactly_one_tries(breaker, clock):
    opened(breaker)
    clock.now += 15
    together, done, asked = Barrier(CALLERS), Event(), []

    def caller():
        together.wait(5)
        try:
            with breaker.guard():
                asked.append(1)
                done.wait(5)
        except CircuitOpen:
            return "refused"
        return "asked"

    with ThreadPoolExecutor(CALLERS) as pool:
        calls = [pool.submit(caller) for _ in range(CALLERS)]
        while sum(each.done() for each in calls) < CALLERS - 1:
            assert len(asked) <= 1
        done.set()
        results = [each.result(5) for each in calls]
    assert sorted(results) == ["asked", *["refused"] * (CALLERS - 1)]
    assert state(breaker) == CLOSED


async def test_cancelled_try_leaves_its_place_to_the_next(breaker, clock):
    opened(breaker)
    clock.now += 15

    async def hang():
        with breaker.guard():
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await asyncio.sleep(0)
    assert not call(breaker)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert state(breaker) == HALF_OPEN
    assert call(breaker)
    assert state(breaker) == CLOSED


@pytest.mark.parametrize("error", [None, DownError()])
def test_call_that_began_before_a_change_has_no_say_after_it(breaker, clock, error):
    late = breaker.guard()
    late.__enter__()
    opened(breaker)
    clock.now += 15
    assert state(breaker) == HALF_OPEN
    late.__exit__(error and type(error), error, None)
    assert state(breaker) == HALF_OPEN
    with breaker.guard(), pytest.raises(CircuitOpen), breaker.guard():
        raise AssertionError("a late call has freed the place of the probe")
    assert state(breaker) == CLOSED


def test_many_that_fail_at_once_open_it_once(breaker, caplog):
    calls = [breaker.guard() for _ in range(10)]
    for each in calls:
        each.__enter__()
    with caplog.at_level(logging.WARNING):
        for each in calls:
            assert not each.__exit__(DownError, DownError(), None)
    assert [record.getMessage() for record in caplog.records] == [
        "service is not asked for 15 s (failures: 3)"
    ]


def test_breakers_are_listed_by_name_while_they_are_in_use(clock):
    def listed():
        return [status for status in breakers() if status.name.startswith("list-")]

    second = Breaker("list-2", failures=(DownError,), threshold=2, clock=clock)
    first = Breaker("list-1", failures=(DownError,), clock=clock)
    before = dt.datetime.now(dt.UTC)
    call(first, DownError())
    call(second, DownError())
    call(second, DownError())
    one, two = listed()
    assert (one.name, one.state, one.failures, one.opened_at) == ("list-1", CLOSED, 1, None)
    assert (two.name, two.state, two.failures) == ("list-2", OPEN, 2)
    assert before <= two.opened_at <= dt.datetime.now(dt.UTC)
    first = Breaker("list-1", failures=(DownError,), clock=clock)
    assert [status.failures for status in listed()] == [0, 2]
    del first, second
    gc.collect()
    assert listed() == []
