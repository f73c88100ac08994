"""Counting: exact at once and across processes, and strict when Redis is away."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from eduhu import limits
from eduhu.errors import TooManyRequests
from eduhu.limit_cache import LimitCache

COUNT_IN_A_PROCESS = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from eduhu import limits
from eduhu.errors import TooManyRequests
passed = 0
for _ in range(40):
    try:
        limits.count("processes", "somebody", "50/h")
        passed += 1
    except TooManyRequests:
        pass
print(passed)
"""


def passes(group, rate="30/h"):
    try:
        limits.count(group, "somebody", rate)
    except TooManyRequests:
        return False
    return True


@pytest.mark.claim(79)
def test_two_hundred_at_once_are_counted_exactly():
    with ThreadPoolExecutor(20) as threads:
        allowed = sum(threads.map(lambda _: passes("at once"), range(200)))
    assert allowed == 30


def test_others_are_not_affected():
    assert [passes("own", "1/h"), passes("own", "1/h")] == [True, False]
    limits.count("own", "somebody else", "1/h")


def test_off_counts_nothing():
    assert all(passes("off", "off") for _ in range(100))


@pytest.mark.services
@pytest.mark.claim(79)
def test_two_processes_share_one_count():
    command = [sys.executable, "-c", COUNT_IN_A_PROCESS]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sum(int(each.communicate(timeout=60)[0].splitlines()[-1]) for each in both) == 50


@pytest.fixture
def redis_away(settings):
    """The limits with a Redis that nobody answers for."""
    settings.CACHES = {
        **settings.CACHES,
        "limits": {
            "BACKEND": "eduhu.limit_cache.LimitCache",
            "LOCATION": "redis://127.0.0.1:9/0",
            "OPTIONS": {"SOCKET_TIMEOUT": 0.5, "SOCKET_CONNECT_TIMEOUT": 0.5},
        },
    }
    LimitCache._away_until.clear()


def test_without_redis_each_use_counts_twice(redis_away):
    assert sum(passes("redis away") for _ in range(100)) == 15
    with pytest.raises(TooManyRequests):
        limits.refuse_if_spent("redis away", "somebody", "30/h")


def test_a_redis_that_is_away_is_asked_once_and_then_left_alone(redis_away, caplog):
    for _ in range(50):
        passes("left alone")
    assert len([each for each in caplog.records if each.name == "eduhu.limit_cache"]) == 1
