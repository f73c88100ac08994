"""Retries: which errors, how often, after which pauses; and what is never done twice."""

import asyncio
import inspect
import logging
import time

import pytest

from eduhu.resilience import Deadline, Retry


class DownError(Exception):
    """Passes by itself."""

    retry_after: float | None = None


class Service:
    """Fails as often as told; counts its calls and what it has stored."""

    def __init__(self, failures, error=DownError):
        self.failures = failures
        self.error = error
        self.calls = 0
        self.rows = []

    def read(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return "read"

    def write(self):
        """Store, and lose the connection before the answer."""
        self.rows.append("row")
        return self.read()


class Naps:
    """Pauses that take no time and are remembered."""

    def __init__(self):
        self.taken = []

    def sleep(self, seconds):
        self.taken.append(seconds)

    async def sleep_async(self, seconds):
        self.taken.append(seconds)


@pytest.fixture
def naps():
    return Naps()


@pytest.fixture(params=["sync", "async"])
def run(request, naps):
    """Run a call with a retry, the sync and the async way."""

    def make(retry):
        return Retry(
            **({"on": (DownError,), "sleep": naps.sleep, "sleep_async": naps.sleep_async} | retry)
        )

    def run(function, *, idempotent=True, deadline=None, **retry):
        if request.param == "sync":
            return make(retry).call(function, idempotent=idempotent, deadline=deadline)

        async def work():
            return function()

        retrying = make(retry).call_async(lambda: work(), idempotent=idempotent, deadline=deadline)
        return asyncio.run(retrying)

    return run


@pytest.mark.claim(57)
def test_transient_error_is_tried_again(run, naps):
    service = Service(failures=2)
    assert run(service.read) == "read"
    assert service.calls == 3
    assert len(naps.taken) == 2


@pytest.mark.claim(57)
def test_last_error_is_raised_as_it_is_after_the_last_attempt(run, naps):
    service = Service(failures=9)
    with pytest.raises(DownError):
        run(service.read, attempts=4)
    assert service.calls == 4
    assert len(naps.taken) == 3


@pytest.mark.claim(57)
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, asyncio.CancelledError])
def test_error_that_is_not_transient_is_raised_at_once(run, naps, error):
    service = Service(failures=9, error=error)
    with pytest.raises(error):
        run(service.read)
    assert service.calls == 1
    assert naps.taken == []


@pytest.mark.claim(57)
def test_pauses_grow_to_a_cap_and_no_two_callers_pause_alike(run, naps):
    seen = set()
    for _ in range(30):
        naps.taken.clear()
        with pytest.raises(DownError):
            run(Service(failures=99).read, attempts=8, first_delay=0.5, longest_delay=8)
        steps = [0.5, 1, 2, 4, 8, 8, 8]
        assert all(step / 2 <= nap <= step for nap, step in zip(naps.taken, steps, strict=True))
        assert naps.taken[:5] == sorted(naps.taken[:5])
        seen.update(naps.taken)
    assert len(seen) == 30 * 7


@pytest.mark.claim(57)
def test_write_that_is_not_idempotent_is_never_repeated(run, naps):
    service = Service(failures=1)
    with pytest.raises(DownError):
        run(service.write, idempotent=False)
    assert service.rows == ["row"]
    assert naps.taken == []


@pytest.mark.claim(57)
@pytest.mark.parametrize("method", [Retry.call, Retry.call_async])
def test_nobody_can_forget_to_say_whether_a_call_is_idempotent(method):
    parameter = inspect.signature(method).parameters["idempotent"]
    assert parameter.kind is parameter.KEYWORD_ONLY
    assert parameter.default is parameter.empty


def test_pause_that_the_service_asks_for_is_kept_and_spread(run, naps):
    error = DownError()
    error.retry_after = 3
    run(Service(failures=1, error=error).read, asked_delay=lambda error: error.retry_after)
    assert 3.25 <= naps.taken[0] <= 3.5


def test_service_that_asks_for_a_long_pause_is_not_asked_again(run, naps):
    error = DownError()
    error.retry_after = 9
    service = Service(failures=1, error=error)
    with pytest.raises(DownError):
        run(service.read, asked_delay=lambda error: error.retry_after, longest_delay=8)
    assert service.calls == 1


def test_nothing_is_tried_again_after_the_deadline(run, naps):
    service = Service(failures=9)
    with pytest.raises(DownError):
        run(service.read, attempts=9, first_delay=1, deadline=Deadline(1.9))
    # Pauses are not slept here: the first is under 1.9 s, the second may be, the third is not.
    assert 2 <= service.calls <= 3


def test_retries_are_logged_without_the_words_of_the_error(run, caplog):
    with caplog.at_level(logging.WARNING):
        run(Service(failures=1, error=DownError("postgres://secret")).read)
    assert "Attempt 1 failed (DownError)" in caplog.text
    assert "secret" not in caplog.text


def test_deadline_counts_down_to_zero():
    now = 5.0
    deadline = Deadline(2, clock=lambda: now)
    assert deadline.remaining() == 2
    now = 6.5
    assert deadline.remaining() == 0.5
    now = 9
    assert deadline.remaining() == 0


async def test_deadline_is_shared_by_all_that_is_done_until_then():
    deadline = Deadline(0.1)
    started = time.monotonic()
    async with deadline.timeout():
        await asyncio.sleep(0.06)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with deadline.timeout():
                await asyncio.sleep(5)
    assert 0.09 < time.monotonic() - started < 1
