"""At most ten queries at once, on both engines; who waits too long is told to come back."""

import asyncio
import threading
import time

import pytest
from django.conf import settings
from django.db import DatabaseError, connection

from eduhu import named_queries
from eduhu.pool import pool_state
from eduhu.threads import in_thread
from tests.asgi import ask, reply_engine
from tests.eduhu.test_isolation import make_world, token_for
from tests.factories import make_teacher
from tests.holders import Holders

pytestmark = pytest.mark.django_db(transaction=True)

SIZE = settings.DATABASE_POOL_SIZE


def pause(seconds):
    """Let the database itself take its time."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.connection.create_function("pg_sleep", 1, time.sleep)
    connection.cursor().execute("SELECT pg_sleep(%s)", [seconds])


def fail():
    connection.cursor().execute("SELECT nothing FROM nowhere")


def in_threads(count, work):
    """Run `work` in that many threads at once; return what each raised."""
    raised = []

    def run():
        try:
            work()
        except DatabaseError as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


class Peak:
    """Counts how many statements run at once (an innermost execute wrapper)."""

    def __init__(self):
        self._lock, self._now, self.highest = threading.Lock(), 0, 0

    def __call__(self, execute, *args):
        with self._lock:
            self._now += 1
            self.highest = max(self.highest, self._now)
        try:
            return execute(*args)
        finally:
            with self._lock:
                self._now -= 1


def settled(**expected):
    """Wait until the state is as expected: connections are made and taken back in the background."""
    deadline = time.monotonic() + 5
    while (found := {name: getattr(pool_state(), name) for name in expected}) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return True


@pytest.fixture(autouse=True)
def _nothing_is_held():
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()
    yield
    connection.close()
    assert settled(used=0, waiting=0)


@pytest.mark.claim(55)
def test_fifty_at_once_are_served_ten_at_a_time_also_when_they_fail():
    peak = Peak()

    def run():
        with connection.execute_wrapper(peak):
            pause(0.05)

    assert in_threads(50, run) == []
    assert peak.highest == SIZE
    assert len(in_threads(50, fail)) == 50
    assert in_threads(50, run) == []
    assert peak.highest == SIZE


@pytest.mark.claim(55)
def test_the_eleventh_is_told_when_to_come_back(api, settings):
    settings.DATABASE_WAIT_SECONDS = 0.3
    with Holders() as holders:
        started = time.monotonic()
        answer = api.get("/api/chats")
        assert 0.3 <= time.monotonic() - started < 3
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer["Retry-After"]) >= 1
        holders.release()
        settings.DATABASE_WAIT_SECONDS = 5
        assert api.get("/api/chats").status_code == 200


def test_what_is_used_and_who_waits_can_be_read():
    with Holders(3):
        assert settled(size=SIZE, used=3, free=SIZE - 3, waiting=0)
    with Holders() as holders:
        waiting = threading.Thread(target=in_threads, args=[4, lambda: pause(0)])
        waiting.start()
        assert settled(used=SIZE, free=0, waiting=4)
        holders.release()
        waiting.join()


@pytest.mark.claim(55)
async def test_who_is_cancelled_leaves_nothing_behind():
    tasks = [asyncio.create_task(in_thread(pause)(0.05)) for _ in range(30)]
    await asyncio.sleep(0.07)
    for task in tasks[::2]:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert any(isinstance(each, asyncio.CancelledError) for each in ended)
    assert all(each is None or isinstance(each, asyncio.CancelledError) for each in ended)
    # What was begun in a thread is finished there.
    assert await in_thread(lambda: settled(used=0, waiting=0))()


@pytest.mark.services
@pytest.mark.claim(56)
async def test_a_thousand_requests_share_ten_connections(monkeypatch):
    pids = []

    def remember(_sql, _seconds):
        if connection.connection._pool is not None:  # the reader of switches has its own
            pids.append(connection.connection.info.backend_pid)

    def prepare():
        teacher = make_teacher()
        return make_world(teacher), token_for(teacher)

    world, token = await in_thread(prepare)()
    # Chats come from the caches after the first time; replies are always looked up.
    paths = ["/api/chats", *[f"/api/replies/{world.reply_id}/events"] * 20]
    monkeypatch.setattr(named_queries, "note", remember)
    async with reply_engine():
        for _ in range(50):
            asked = [ask("GET", path, token=token) for path in paths]
            assert {answer.status for answer in await asyncio.gather(*asked)} == {200}
    assert len(pids) >= 1000
    assert 1 < len(set(pids)) <= SIZE
