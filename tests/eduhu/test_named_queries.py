"""Every statement is timed under a stable name; slow ones are logged without what they carry."""

import logging
import random
import statistics
import threading
import time

import pytest
from django.db import DatabaseError, connection, transaction

from chats import queries
from chats.models import Chat
from eduhu.histogram import Histogram
from eduhu.named_queries import all_timings, forget_timings, named_query, names, note, timings
from eduhu.threads import in_thread
from tests import sql
from tests.factories import make_chat, make_teacher

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_timed_yet():
    forget_timings()


def count(name):
    return timings()[name].count if name in timings() else 0


@pytest.fixture
def pause():
    """Let the database itself take its time."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.connection.create_function("pg_sleep", 1, time.sleep)

    def run(seconds, text=""):
        connection.cursor().execute("SELECT pg_sleep(%s), %s", [seconds, text])

    return named_query("test.pause")(run)


@pytest.mark.claim(7)
def test_a_hot_query_is_timed_under_its_own_name(teacher):
    chat = make_chat(teacher)
    forget_timings()
    queries.chat_detail(teacher, chat.pk)
    assert count("chats.row") == count("replies.live_of_chat") == all_timings().count // 2 == 1


async def test_so_it_is_in_a_thread_of_async_code():
    teacher = await in_thread(make_teacher)()
    chat = await in_thread(make_chat)(teacher)
    await in_thread(queries.chat_row)(teacher, chat.pk)
    assert count("chats.row") == 1


def test_any_other_statement_goes_by_its_verb_and_table(teacher):
    chat = make_chat(teacher)
    Chat.objects.filter(pk=chat.pk).update(title="Neu")
    list(Chat.objects.values("pk"))
    Chat.objects.filter(title="Neu")._raw_delete("default")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    kinds = {"insert chats", "update chats", "select chats", "delete chats", "select"}
    assert kinds <= timings().keys()
    assert all(count(kind) == 1 for kind in kinds)


def test_a_name_ends_with_its_function(teacher):
    @named_query("test.outer")
    def outer():
        queries.chat_row(teacher, teacher.pk)
        list(Chat.objects.all())

    outer()
    list(Chat.objects.all())
    assert (count("test.outer"), count("chats.row"), count("select chats")) == (1, 1, 1)


def test_a_statement_that_fails_is_timed_and_its_name_ends():
    @named_query("test.failing")
    def failing():
        with transaction.atomic():
            sql.execute("SELECT nothing FROM nowhere")

    with pytest.raises(DatabaseError):
        failing()
    list(Chat.objects.all())
    assert count("test.failing") >= 1
    assert count("select chats") == 1


def test_a_pause_in_the_database_shows_up(pause):
    pause(0.3)
    pause(0)
    found = timings()["test.pause"]
    assert found.p95_ms >= 300
    assert 150 <= found.average_ms < 300
    assert all_timings().p95_ms >= 300


def test_a_slow_query_is_logged_by_name_without_its_parameters(pause, settings, caplog):
    settings.SLOW_QUERY_MS = 40
    with caplog.at_level(logging.WARNING, logger="eduhu.named_queries"):
        pause(0, "schnell")
        pause(0.05, "Geheimnis")
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    said = record.getMessage()
    assert said.startswith("slow query test.pause: ")
    assert said.endswith("ms: SELECT pg_sleep(%s), %s")
    assert int(said.split()[3]) >= 50


def test_hot_queries_that_never_ran_are_listed_with_nothing():
    assert names() <= timings().keys()
    assert timings()["messages.page"].count == 0
    assert timings()["messages.page"].p95_ms == 0


@pytest.mark.parametrize("text", ["", "-- nothing", "(SELECT 1 FROM a) UNION SELECT 2", "VACUUM"])
def test_no_statement_is_too_odd_to_be_named(text):
    note(text, 0.001)
    assert all_timings().count == 1


def test_percentiles_are_never_too_low_and_at_most_a_fifth_too_high():
    dice = random.Random(7)
    seconds = [dice.lognormvariate(-6, 1.2) for _ in range(5000)]
    histogram = Histogram()
    for each in seconds:
        histogram.add(each)
    found, exact = histogram.distribution(), statistics.quantiles(seconds, n=100)
    for told, true in ((found.p50_ms, exact[49]), (found.p95_ms, exact[94])):
        assert 0.99 * true * 1000 <= told <= 1.21 * true * 1000
    assert found.average_ms == pytest.approx(statistics.mean(seconds) * 1000)


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 0.0123, 500.0])
def test_one_duration_is_told_as_it_was(seconds):
    histogram = Histogram()
    histogram.add(seconds)
    assert histogram.distribution().p50_ms == pytest.approx(seconds * 1000)


def test_threads_together_lose_no_duration():
    histogram = Histogram()

    def add():
        for _ in range(3000):
            histogram.add(0.001)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    merged = Histogram.merged([histogram, histogram]).distribution()
    assert merged.count == 48_000
    assert merged.average_ms == pytest.approx(1)
