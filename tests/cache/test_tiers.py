"""The tiers themselves: how long, how often, how much, and never an old value."""

import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.db import transaction

from eduhu.cache import invalidation, memory, refresh, shared, stats, tiers
from eduhu.cache.policies import REFRESH_FROM, TTL_SECONDS, Content
from eduhu.errors import NotFound


def counted(content=Content.CHATS):
    return stats.snapshot()[content]


@pytest.fixture
def calls(monkeypatch):
    """The calls of the shared cache."""
    made = []
    ask = shared._ask

    def spy(call, **how):
        made.append(call)
        return ask(call, **how)

    monkeypatch.setattr(shared, "_ask", spy)
    return made


@pytest.mark.claim(8, 60, 124)
def test_a_hit_in_memory_calls_nobody_and_a_shared_one_once(source, calls):
    assert source.get() == b"1"
    del calls[:]
    before = counted()
    assert source.get() == b"1"
    assert calls == []
    memory.forget_everything()
    assert source.get() == b"1"
    assert len(calls) == 1
    assert source.loads == 1
    after = counted()
    assert after.memory_hits - before.memory_hits == 1
    assert after.shared_hits - before.shared_hits == 1
    assert after.misses == before.misses


@pytest.mark.parametrize("content", Content)
def test_an_entry_is_served_until_exactly_its_ttl(source, clock, monkeypatch, content):
    monkeypatch.setattr(refresh, "begin", lambda *_: None)
    source.content = content
    source.get()
    source.value = b"2"
    clock.shift(TTL_SECONDS[content] - 0.001)
    assert source.get() == b"1"
    clock.shift(0.001)
    assert source.get() == b"2"


def test_memory_keeps_an_entry_for_two_seconds_and_never_beyond_its_ttl(source, clock, calls):
    source.get()
    clock.shift(1.999)
    del calls[:]
    source.get()
    assert calls == []
    clock.shift(0.001)
    source.get()
    assert len(calls) == 1
    clock.shift(-60)  # a clock that is set back keeps nothing alive
    source.get()
    assert len(calls) == 2


def test_what_is_in_use_is_loaded_again_before_its_end(source, clock):
    source.get()
    source.value = b"2"
    clock.shift(0.96 * TTL_SECONDS[Content.CHATS])
    with ThreadPoolExecutor(20) as threads:
        assert set(threads.map(lambda _: source.get(), range(100))) <= {b"1", b"2"}
    refresh._pool.submit(lambda: None).result(5)
    assert source.loads == 2
    assert source.get() == b"2"
    clock.shift(0.5 * TTL_SECONDS[Content.CHATS])
    assert source.get() == b"2"
    assert source.loads == 2


def test_what_is_young_is_not_loaded_again(source, clock):
    source.get()
    clock.shift(REFRESH_FROM * TTL_SECONDS[Content.CHATS] - 1)
    source.get()
    refresh._pool.submit(lambda: None).result(5)
    assert source.loads == 1


def test_a_refresh_that_fails_leaves_the_old_value_until_its_end(source, clock, caplog):
    source.get()
    source.value = RuntimeError()
    clock.shift(0.96 * TTL_SECONDS[Content.CHATS])
    assert source.get() == b"1"
    refresh._pool.submit(lambda: None).result(5)
    assert source.get() == b"1"
    assert "CHATS was not loaded again" in caplog.text
    clock.shift(0.04 * TTL_SECONDS[Content.CHATS])
    with pytest.raises(RuntimeError):
        source.get()


@pytest.mark.parametrize("state", ["cold", "expired"])
def test_fifty_threads_load_once(source, clock, state, without_memory):
    if state == "expired":
        source.get()
        clock.shift(TTL_SECONDS[Content.CHATS])
    begun, loads = threading.Barrier(50), source.loads
    source.pause = lambda: threading.Event().wait(0.05)

    def ask(_):
        begun.wait(10)
        return source.get()

    with ThreadPoolExecutor(50) as threads:
        assert set(threads.map(ask, range(50))) == {b"1"}
    assert source.loads == loads + 1


def test_who_waits_too_long_loads_for_itself(source, monkeypatch):
    monkeypatch.setattr(tiers, "WAIT_SECONDS", 0.05)
    stuck, go_on = threading.Event(), threading.Event()

    def pause():
        if not stuck.is_set():
            stuck.set()
            go_on.wait(10)

    source.pause = pause
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(source.get)
        assert stuck.wait(10)
        assert source.get() == b"1"
        go_on.set()
        assert first.result(10) == b"1"
    assert source.loads == 2


@pytest.mark.parametrize("tier", ["memory", "shared"])
def test_an_old_value_is_never_written_back(source, tier):
    reading, go_on = threading.Event(), threading.Event()

    def pause():
        reading.set()
        assert go_on.wait(10)

    source.pause = pause
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(source.get)
        assert reading.wait(10)
        source.value = b"2"
        if tier == "memory":
            invalidation.forget([source.scope])
        else:  # as a process does whose news is not heard here
            shared.forget([source.scope])
        go_on.set()
        assert slow.result(10) == b"1"  # it began before the write
    source.pause = None
    if tier == "shared":
        memory.forget_everything()
    assert source.get() == b"2"


def test_who_asks_after_a_write_does_not_get_what_was_being_loaded_before(source):
    reading, go_on = threading.Event(), threading.Event()

    def pause():
        reading.set()
        assert go_on.wait(10)

    source.pause = pause
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(source.get)
        assert reading.wait(10)
        source.value, source.pause = b"2", None
        invalidation.forget([source.scope])
        begun = time.monotonic()
        assert source.get() == b"2"
        assert time.monotonic() - begun < tiers.WAIT_SECONDS
        go_on.set()
        assert slow.result(10) == b"1"
    assert source.get() == b"2"


def test_other_scopes_and_other_teachers_survive(source):
    source.get()
    source.get(teacher_id=(stranger := uuid.uuid4()), scope="chats:other")
    invalidation.forget([source.scope])
    source.get(teacher_id=stranger, scope="chats:other")
    assert source.loads == 2
    source.get()
    assert source.loads == 3


def test_lost_versions_make_a_cold_cache_not_an_old_one(source, without_memory):
    source.get()
    cache.delete(shared._version_key(source.scope))
    source.value = b"2"
    assert source.get() == b"2"


def test_what_fails_is_not_kept(source):
    source.value = NotFound()
    for _ in range(2):
        with pytest.raises(NotFound):
            source.get()
    assert source.loads == 2
    source.value = b"1"
    assert source.get() == b"1"


@pytest.mark.django_db
def test_a_transaction_neither_asks_nor_fills_the_tiers(source):
    with transaction.atomic():
        assert source.get() == b"1"
        source.value = b"2"
        assert source.get() == b"2"


def test_memory_is_bounded_in_entries_and_bytes(source, monkeypatch):
    monkeypatch.setattr(memory, "MAX_ENTRIES", 10)
    before = counted().evictions
    for number in range(30):
        source.get(name=str(number))
    assert memory.size()[0] == 10
    assert counted().evictions - before == 20

    monkeypatch.setattr(memory, "MAX_BYTES", 1000)
    source.value = b"x" * 300
    for number in range(30, 40):
        source.get(name=str(number))
    entries, size = memory.size()
    assert (entries, size) == (3, 900)
    source.value = b"x" * (memory.LARGEST + 1)
    source.get(name="large")
    assert memory.size() == (3, 900)


def test_without_redis_values_are_right_and_memory_still_helps(source, redis_away):
    assert [source.get(), source.get()] == [b"1", b"1"]
    assert source.loads == 1
    source.value = b"2"
    invalidation.forget([source.scope])
    assert source.get() == b"2"


def test_a_shared_cache_that_is_away_is_left_alone(source, redis_away, caplog, monkeypatch):
    monkeypatch.setattr(shared, "breaker", shared.make_breaker(pause=0.5))
    for number in range(50):
        source.get(name=str(number))
    assert len([r for r in caplog.records if "is away" in r.message]) == 2


def test_a_write_during_an_outage_counts_after_it(source, outage, without_memory):
    source.get()
    outage.begin()
    source.value = b"2"
    invalidation.forget([source.scope])
    assert source.get() == b"2"
    outage.end()
    assert source.get() == b"2"


LOAD_IN_A_PROCESS = """
import os, sys, uuid
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
import time
from concurrent.futures import ThreadPoolExecutor
from django.core.cache import cache
from eduhu.cache import tiers
from eduhu.cache.policies import Content

def load():
    print("load")
    time.sleep(0.2)
    return b"1"

read = tiers.Read(Content.CHATS, uuid.UUID(sys.argv[1]), "it", "chats:" + sys.argv[1], load)
cache.incr(sys.argv[1])
while cache.get(sys.argv[1]) < 2:
    time.sleep(0.001)
with ThreadPoolExecutor(25) as threads:
    assert set(threads.map(lambda _: tiers.get(read), range(25))) == {b"1"}
"""


@pytest.mark.services
def test_two_processes_load_once():
    name = str(uuid.uuid4())
    cache.set(name, 0)
    command = [sys.executable, "-c", LOAD_IN_A_PROCESS, name]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [each.communicate(timeout=60)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0]
    assert "".join(said).count("load") == 1
