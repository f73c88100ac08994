"""What a teacher is likely to ask for is in the shared cache before they ask."""

import datetime as dt
from contextlib import ExitStack
from threading import Thread
from types import SimpleNamespace

import psycopg
import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from artifacts.models import Artifact
from chats.models import Chat
from eduhu.cache import habits, memory, stats, uses, warming
from eduhu.cache.counts import store_counts
from eduhu.cache.models import CacheCount, ReadHabit
from eduhu.cache.policies import Content
from eduhu.cache.tasks import forget_old_habits, warm_caches
from eduhu.mirror.leader import _connection_parameters
from teachers.models import TeacherPreferences
from tests.client import ApiClient
from tests.factories import make_chat, make_messages, make_teacher

pytestmark = pytest.mark.django_db(transaction=True)

MONDAY_8 = dt.datetime(2026, 11, 2, 7, 15, tzinfo=dt.UTC)  # 8:15 in Berlin, first period
WEEK = dt.timedelta(days=7)


@pytest.fixture(autouse=True)
def nothing_noted():
    habits._noted, habits._stored, uses._noted = set(), set(), {}
    stats.take_news()


@pytest.fixture
def clock():
    with time_machine.travel(MONDAY_8, tick=False) as clock:
        yield clock


@pytest.fixture
def maths(teacher, clock):
    """A teacher with preferences, material, one chat about maths, and three newer others."""
    make_messages(chat := make_chat(teacher, title="Brüche", topic_category="maths"), 3)
    Artifact.objects.create(
        teacher=teacher, chat=chat, title="Brüche", content="1/2", artifact_type="worksheet"
    )
    TeacherPreferences.objects.create(teacher=teacher, grade_level="8")
    for _ in range(3):
        clock.shift(1)
        make_messages(make_chat(teacher, topic_category="history"), 1)
    paths = ["/api/chats", f"/api/chats/{chat.pk}", f"/api/chats/{chat.pk}/messages",
             "/api/artifacts", "/api/preferences"]  # fmt: skip
    return SimpleNamespace(teacher=teacher, chat=chat, paths=paths)


def read(teacher, *paths):
    """What a teacher who opens these pages is shown, and how many queries each takes."""
    client = ApiClient(teacher)
    client.get("/api/auth/me")  # the token is known from here on
    found = []
    for path in paths:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path)
        found.append((len(queries), answer.json()))
    return found


def elsewhere():
    """From here on read as another process: nothing is in memory."""
    memory.forget_everything()


def habit(teacher, slot, days=1, topic=""):
    ReadHabit.objects.create(
        teacher=teacher, slot=slot, topic=topic, days=days, last_on=timezone.localdate()
    )


@pytest.mark.claim(62, 124)
def test_what_a_teacher_reads_on_mondays_at_eight_is_there_before_it_is_asked(maths, clock):
    cold = read(maths.teacher, *maths.paths)
    assert all(number > 0 for number, _shown in cold)
    habits.store()
    clock.move_to(MONDAY_8 + WEEK - dt.timedelta(minutes=20))  # 7:55, all has expired
    warm_caches()
    elsewhere()
    clock.move_to(MONDAY_8 + WEEK - dt.timedelta(minutes=19))
    warm = read(maths.teacher, *maths.paths)
    assert warm == [(0, shown) for _number, shown in cold]


def test_habits_are_of_an_hour_at_school_a_topic_and_counted_in_days(maths, clock):
    for week in range(3):
        clock.move_to(MONDAY_8 + week * WEEK)
        for _ in range(2):
            read(maths.teacher, *maths.paths)
            habits.store()
            habits._stored = set()  # as another process would
    rows = set(ReadHabit.objects.values_list("teacher", "slot", "topic", "days"))
    assert rows == {(maths.teacher.pk, 8, "", 3), (maths.teacher.pk, 8, "maths", 3)}
    assert habits.expected([8], 5) == {maths.teacher.pk: {"maths"}}
    assert habits.expected([9, 32], 5) == {}


def test_what_is_stored_for_this_hour_is_not_written_again(maths):
    read(maths.teacher, *maths.paths)
    habits.store()
    read(maths.teacher, *maths.paths)
    with CaptureQueriesContext(connection) as queries:
        habits.store()
    assert len(queries) == 0


@pytest.mark.claim(63)
def test_those_who_read_most_are_warmed_first_and_no_more_than_wanted(clock):
    slot = habits.slot_of(timezone.now() + dt.timedelta(hours=5))
    people = [make_teacher() for _ in range(4)]
    for days, each in enumerate(people):
        make_chat(each)
        habit(each, slot, days=days)
    run = warming.warm(hours=1, teachers=2)
    assert (run.teachers, run.ended) == (2, "done")
    elsewhere()
    assert [read(each, "/api/chats")[0][0] for each in people] == [1, 1, 0, 0]


def test_who_is_expected_comes_before_who_reads_most(clock):
    expected, busy = make_teacher(), make_teacher()
    habit(expected, 8)
    habit(busy, 20, days=50)
    assert warming.warm(hours=1, teachers=1).teachers == 1
    elsewhere()
    assert [read(each, "/api/chats")[0][0] for each in (expected, busy)] == [0, 1]


def test_who_was_deactivated_is_left_out_and_who_was_deleted_leaves_no_habits(teacher, clock):
    habit(teacher, 8)
    teacher.is_active = False
    teacher.save()
    assert warming.warm(hours=1, teachers=5).teachers == 0
    teacher.delete()
    assert not ReadHabit.objects.exists()


def test_reads_of_somebody_deleted_meanwhile_are_not_stored(teacher):
    habits.note(teacher.pk, None)
    teacher.delete()
    habits.store()
    assert not ReadHabit.objects.exists()


def test_nothing_is_noted_or_loaded_when_it_is_off(maths, settings):
    settings.CACHE_WARMING = "off"
    read(maths.teacher, *maths.paths)
    habits.store()
    assert not ReadHabit.objects.exists()
    habit(maths.teacher, 8)
    assert warming.warm(hours=1, teachers=5).ended == "off"
    settings.CACHE_WARMING, settings.CACHE_TIERS = "on", "off"
    assert warming.warm(hours=1, teachers=5).ended == "off"


def test_a_run_ends_when_its_time_is_over_or_somebody_waits(maths, monkeypatch):
    habit(maths.teacher, 8)
    assert warming.warm(hours=1, teachers=5, seconds=0).ended == "time"
    monkeypatch.setattr(warming, "SLOW_SECONDS", 0)
    assert warming.warm(hours=1, teachers=5).ended == "busy"
    monkeypatch.setattr(warming, "is_under_pressure", lambda: True)
    run = warming.warm(hours=1, teachers=5)
    assert (run.teachers, run.loaded, run.ended) == (0, 0, "busy")


@pytest.mark.services
def test_a_database_that_does_much_for_others_is_left_alone(maths):
    habit(maths.teacher, 8)
    assert warming.warm(hours=1, teachers=5).ended == "done"
    with ExitStack() as stack:
        parameters = _connection_parameters()
        others = [
            stack.enter_context(psycopg.connect(**parameters))
            for _ in range(django_settings.DATABASE_POOL_SIZE)
        ]
        threads = [Thread(target=_sleep, args=[each]) for each in others]
        for thread in threads:
            thread.start()
        while _asleep() < len(others):
            pass
        assert warming.warm(hours=1, teachers=5).ended == "busy"
        for each in others:
            each.cancel_safe()
        for thread in threads:
            thread.join()


def _sleep(link):
    try:
        link.execute("SELECT pg_sleep(60)")
    except psycopg.errors.QueryCanceled:
        link.rollback()


def _asleep():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event = 'PgSleep' AND datname = current_database()"
        )
        return cursor.fetchone()[0]


def test_without_the_shared_cache_nothing_is_warmed(maths, redis_away):
    habit(maths.teacher, 8)
    assert warming.warm(hours=1, teachers=5).ended == "away"


def test_warming_writes_nothing(teacher, clock):
    habit(teacher, 8)
    assert warming.warm(hours=1, teachers=5).teachers == 1
    assert not TeacherPreferences.objects.exists()


def test_a_write_after_warming_is_shown(maths):
    habit(maths.teacher, 8, topic="maths")
    warming.warm(hours=1, teachers=5)
    Chat.objects.filter(pk=maths.chat.pk).update(title="Dezimalzahlen")
    assert "Dezimalzahlen" in str(read(maths.teacher, *maths.paths[:2]))


def test_what_lives_until_the_next_run_is_not_loaded_again(maths, clock):
    habit(maths.teacher, 8, topic="maths")
    first = warming.warm(hours=1, teachers=5)
    clock.shift(60)
    second = warming.warm(hours=1, teachers=5)
    assert first.loaded == 9  # three of the teacher, and two of each chat
    assert second.loaded == 7  # material and preferences live on


def test_each_warmed_entry_that_is_asked_for_counts_once(maths):
    habit(maths.teacher, 8, topic="maths")
    CacheCount.objects.all().delete()
    warm_caches()
    for _ in range(2):
        elsewhere()
        read(maths.teacher, "/api/chats", "/api/artifacts", *maths.paths[:1])
        store_counts()
    numbers = {
        content: (warmed, used)
        for content, warmed, used in CacheCount.objects.values_list(
            "content", "warmed", "warmed_used"
        )
    }
    assert numbers == {
        Content.CHATS: (4, 1),
        Content.MESSAGES: (3, 0),
        Content.EDUCATIONAL: (1, 1),
        Content.PREFERENCES: (1, 0),
    }


def test_the_command_says_what_it_did(maths, capsys):
    habit(maths.teacher, 100)
    call_command("cache_warm", teachers=5)
    assert capsys.readouterr().out == "9 values of 1 teachers; done\n"


def test_habits_that_have_ended_are_forgotten(teacher, clock):
    habit(teacher, 8)
    clock.shift(dt.timedelta(days=28))
    forget_old_habits()
    assert ReadHabit.objects.exists()
    clock.shift(dt.timedelta(days=1))
    forget_old_habits()
    assert not ReadHabit.objects.exists()


@pytest.mark.parametrize("month", [1, 7])
def test_beat_warms_before_the_first_period_and_on_sunday_evening_at_school(month):
    entries = django_settings.CELERY_BEAT_SCHEDULE.values()
    warming_entries = [each for each in entries if each["task"] == warm_caches.name]
    local = timezone.get_default_timezone()

    def starts(day, begin, end):
        """The minutes at which something of more than the ten-minute run begins."""
        found = set()
        for entry in warming_entries:
            schedule = entry["schedule"]
            moment = dt.datetime(2026, month, day, begin, tzinfo=local)
            while moment < moment.replace(hour=end, minute=0):
                if (moment.isoweekday() % 7 in schedule.day_of_week
                    and moment.hour in schedule.hour and moment.minute in schedule.minute):  # fmt: skip
                    found.add((moment.hour, moment.minute, entry["kwargs"]["teachers"]))
                moment += dt.timedelta(minutes=1)
        return found

    monday, sunday = (5, 4) if month == 1 else (6, 5)
    assert {(7, 45, 1000), (7, 55, 1000), (7, 50, 200)} <= starts(monday, 7, 8)
    assert {(17, 5, 1000), (20, 55, 1000), (18, 0, 200)} <= starts(sunday, 17, 21)
    assert (7, 45, 1000) not in starts(sunday, 7, 8)
