"""A value that is loaded through the tiers, and a clock that stands still."""

import threading
import time
import uuid
from types import SimpleNamespace

import pytest
import time_machine

from eduhu.cache import memory, refresh, shared, tiers
from eduhu.cache.policies import Content
from eduhu.cache.tiers import Read
from eduhu.resilience import BreakerState


@pytest.fixture(autouse=True)
def quiet_end():
    """No test ends while something is still loaded again."""
    yield
    refresh._pool.submit(lambda: None).result(5)


@pytest.fixture
def clock():
    """The time of this process; `shift(seconds)` moves it."""
    with time_machine.travel(1_790_000_000.0, tick=False) as clock:
        yield clock


@pytest.fixture
def source():
    """Something to cache: `value` is what a load finds, `loads` how often that was done."""
    source = SimpleNamespace(value=b"1", loads=0, content=Content.CHATS, pause=None)
    source.scope = f"chats:{uuid.uuid4()}"
    source.lock = threading.Lock()
    source.teacher_id = uuid.uuid4()

    def load():
        with source.lock:
            source.loads += 1
        value = source.value
        if source.pause is not None:
            source.pause()
        if isinstance(value, Exception):
            raise value
        return value

    def get(**other):
        named = {"content": source.content, "teacher_id": source.teacher_id, "name": "it"}
        return tiers.get(Read(**{**named, "scope": source.scope, "load": load, **other}))

    source.get = get
    return source


@pytest.fixture
def without_memory(monkeypatch):
    """What is read comes from the shared cache, as in a process that has just begun."""
    monkeypatch.setattr(memory, "get", lambda *_: None)


@pytest.fixture
def outage(settings, monkeypatch):
    """A shared cache that can `begin` to be away and `end` it."""
    here = settings.CACHES
    gone = {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://127.0.0.1:9/0",  # nobody answers there
        "OPTIONS": {"SOCKET_TIMEOUT": 0.5, "SOCKET_CONNECT_TIMEOUT": 0.5},
    }
    monkeypatch.setattr(shared, "breaker", shared.make_breaker(pause=0.05))
    monkeypatch.setattr(shared, "TELL_AGAIN_SECONDS", 0.05)

    def begin():
        settings.CACHES = {**here, "default": gone}

    def end():
        settings.CACHES = here
        end_at = time.monotonic() + 10
        while shared._untold or shared.breaker.status().state is BreakerState.OPEN:
            assert time.monotonic() < end_at
            time.sleep(0.01)

    yield SimpleNamespace(begin=begin, end=end)
    end()


@pytest.fixture
def redis_away(outage):
    outage.begin()
