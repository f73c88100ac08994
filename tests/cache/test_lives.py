"""A process that dies between its commit and its word to the caches leaves nothing old in them."""

import asyncio
import time

import pytest
import redis as redis_client

from eduhu.cache import lives, news, shared
from eduhu.cache.lives import Life

pytestmark = pytest.mark.services


@pytest.fixture
def redis():
    client = news.client()
    client.delete(lives.KEY)
    yield client
    client.delete(lives.KEY)


def known(redis):
    return {name.decode() for name in redis.zrange(lives.KEY, 0, -1)}


def test_what_a_dead_process_left_untold_is_loaded_again(source, redis, without_memory):
    source.get()
    source.value = b"2"  # committed, and told nobody
    other, here = Life(), Life()
    other.beat()
    here.beat()
    assert source.get() == b"1"
    redis.zadd(lives.KEY, {other._me: time.time() - lives.DEAD_SECONDS - 1})
    here.beat()
    assert source.get() == b"2"
    assert known(redis) == {here._me}


def test_who_lives_is_not_cleaned_up_after(source, redis, without_memory):
    source.get()
    other, here = Life(), Life()
    other.beat()
    redis.zadd(lives.KEY, {other._me: time.time() - lives.DEAD_SECONDS + 5})
    here.beat()
    source.get()
    assert source.loads == 1
    assert known(redis) == {other._me, here._me}


async def test_who_ends_in_order_says_farewell(redis):
    life = Life()
    life.start()
    end = time.monotonic() + 30
    while known(redis) != {life._me}:
        assert time.monotonic() < end
        await asyncio.sleep(0.01)
    await life.stop()
    assert known(redis) == set()


async def test_who_ends_with_writes_untold_is_taken_for_dead(redis, monkeypatch):
    life = Life()
    life.start()
    life.beat()
    monkeypatch.setattr(shared, "_untold", 1)
    await life.stop()
    assert known(redis) == {life._me}


def test_web_processes_and_reply_workers_give_signs_of_life(cluster):
    shared = redis_client.Redis.from_url(cluster.redis.url)
    end = time.monotonic() + 30
    while len(known(shared)) < len(cluster.programs):
        assert time.monotonic() < end
        time.sleep(0.1)
