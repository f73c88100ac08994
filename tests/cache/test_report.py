"""What the tiers count, and what `cache_report` makes of it."""

import datetime as dt
from io import StringIO

import pytest
from django.core.management import call_command

from eduhu.cache import stats
from eduhu.cache.counts import store_counts, week
from eduhu.cache.loops import CacheLoops
from eduhu.cache.models import CacheCount
from eduhu.cache.policies import Content
from eduhu.db import now
from eduhu.threads import in_thread


@pytest.fixture(autouse=True)
def nothing_new():
    stats.take_news()


def report():
    out = StringIO()
    call_command("cache_report", stdout=out)
    return {line.split("  ")[0]: line for line in out.getvalue().splitlines()}


def count(content, **numbers):
    for name, number in numbers.items():
        stats.count(content, name, number)


@pytest.mark.django_db
def test_the_report_names_what_is_useful_cold_and_useless():
    count(Content.CHATS, memory_hits=50, shared_hits=40, misses=10, loads=10, load_ms=25.0,
          warmed=8, warmed_used=6)  # fmt: skip
    count(Content.MESSAGES, misses=190, shared_hits=10, evictions=7)
    count(Content.PREFERENCES, memory_hits=99)
    store_counts()
    lines = report()
    assert lines["chat metadata"].split() == [
        "chat", "metadata", "600", "100", "50%", "40%", "10%", "0", "2.5", "8", "75%",
        "useful",
    ]  # fmt: skip
    assert lines["recent messages"].endswith("useless: seldom found")
    assert " 7 " in lines["recent messages"]
    assert lines["preferences"].endswith("cold: hardly read")
    assert lines["educational content"].split()[2:6] == ["1800", "0", "-", "-"]


@pytest.mark.django_db
def test_each_count_is_stored_once_and_old_days_go():
    old = now().date() - dt.timedelta(days=7)
    CacheCount.objects.create(day=old, content=Content.CHATS, misses=5)
    for _ in range(3):
        count(Content.CHATS, misses=2)
        store_counts()
        store_counts()
    assert week()[Content.CHATS].misses == 6
    assert not CacheCount.objects.filter(day=old).exists()


@pytest.mark.django_db
async def test_what_was_counted_last_is_stored_at_the_end():
    loops = CacheLoops()
    loops.start()
    count(Content.MESSAGES, misses=3)
    await loops.stop()
    assert (await in_thread(week)())[Content.MESSAGES].misses == 3
