"""Each fault raises its own alert and no other, and the alert ends when the fault is repaired."""

import datetime as dt
import threading
import time
import uuid

import pytest
from django.db import connection

from chats.models import Chat, Reply
from eduhu import outcomes, pool
from eduhu.cache import stats
from eduhu.cache.policies import Content
from eduhu.db import epoch_ms, new_id, now
from eduhu.mirror.models import MirrorState, OutboxEntry
from eduhu.named_queries import named_query
from eduhu.resilience import Breaker
from monitoring.alerts import readings, sample
from monitoring.alerts.models import Alert, ProcessSample
from monitoring.alerts.rules import BY_NAME, RULES
from monitoring.alerts.sample import Sampler, resident_bytes
from tests.factories import make_chat, make_messages
from tests.holders import Holders

pytestmark = pytest.mark.django_db

CALM = 4  # rounds without a sign until an alert is over
MB = 1024 * 1024


def pause(seconds):
    """Let the database itself take its time."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        connection.connection.create_function("pg_sleep", 1, time.sleep)
    named_query("test.pause")(connection.cursor().execute)("SELECT pg_sleep(%s)", [seconds])


class TestSlowQueries:
    @pytest.fixture
    def clock(self):
        """What the database takes is measured with the real clock: here it goes on."""
        import time_machine

        with time_machine.travel(1_790_000_000.0, tick=True) as clock:
            yield clock

    @pytest.mark.claim(68)
    def test_one_of_600_ms_is_told_by_its_name(self, rounds):
        pause(0.6)
        assert rounds() == {("slow-query", "test.pause")}
        assert int(Alert.objects.get().detail.removesuffix(" ms")) >= 600

    @pytest.mark.claim(68)
    def test_one_of_400_ms_is_not(self, rounds, monkeypatch, settings):
        pause(0.4)
        assert rounds() == set()

    def test_it_is_over_when_none_was_slow_for_the_window(self, rounds, clock):
        pause(0.6)
        rounds()
        assert rounds(29) == {("slow-query", "test.pause")}
        assert rounds(2 + CALM) == set()


class TestFailingRequests:
    @staticmethod
    def note(requests, failures, route="chats"):
        for number in range(requests):
            outcomes.note(route, 500 if number < failures else 200)

    @pytest.mark.claim(69)
    def test_six_of_a_hundred_are_told(self, rounds):
        self.note(100, 6)
        assert rounds() == {("api-errors", "")}
        assert "chats 6 % (6/100)" in Alert.objects.get().detail

    @pytest.mark.claim(69)
    @pytest.mark.parametrize("failures", [4, 5])
    def test_four_of_a_hundred_are_not(self, rounds, failures):
        self.note(100, failures)
        assert rounds() == set()

    @pytest.mark.claim(69)
    def test_a_few_requests_say_nothing(self, rounds):
        self.note(19, 19)
        assert rounds() == set()
        self.note(1, 1)
        assert rounds() == {("api-errors", "")}

    def test_one_endpoint_that_fails_is_seen_among_many_that_do_not(self, rounds):
        self.note(1000, 0)
        self.note(30, 30, route="reply-events")
        assert rounds() == {("api-errors", "")}
        assert Alert.objects.get().detail == "reply-events 100 % (30/30)"

    def test_what_a_client_did_wrong_is_no_failure_of_ours(self, rounds):
        for _ in range(100):
            outcomes.note("chats", 404)
        assert rounds() == set()

    def test_processes_are_added_up(self, rounds):
        self.note(90, 0)
        other = {"requests": {"chats": [10, 8]}, "unknown to this release": 1}
        ProcessSample.objects.create(name="web@b:1", numbers=other, seen_at=now())
        assert rounds() == {("api-errors", "")}

    @pytest.mark.claim(69)
    def test_requests_are_counted_on_every_way(self, rounds, api, client, monkeypatch):
        from chats import queries

        def broken(*_args):
            raise ValueError

        for _ in range(15):
            assert api.get("/api/chats").status_code == 200
        with monkeypatch.context() as fault:
            fault.setattr(queries, "chat_page", broken)
            for _ in range(5):
                assert api.get("/api/chats?limit=1").status_code == 500
        client.get("/unknown")
        counts = outcomes.recent(60)
        assert counts["unmatched"] == (1, 0)
        [(name, both)] = [item for item in counts.items() if item[0] != "unmatched"]
        assert both == (20, 5)
        assert rounds() == {("api-errors", "")}
        assert name in Alert.objects.get().detail


def test_the_memory_of_this_process_is_measured(rounds, settings):
    before = resident_bytes()
    held = bytearray(b"x") * (200 * MB)
    assert resident_bytes() - before >= 100 * MB
    del held


@pytest.mark.claim(70)
def test_memory_over_the_limit_is_told_until_it_is_given_back(rounds, settings):
    settings.ALERT_MEMORY_MB = 200
    assert rounds() == set()
    held = bytearray(b"x") * (200 * MB)
    assert rounds() == {("memory", "")}
    assert "test@" in Alert.objects.get().detail
    del held
    assert rounds(CALM) == set()


def test_the_limit_of_memory_is_512_mb(rounds, monkeypatch):
    for size, expected in ((512, set()), (513, {("memory", "")})):
        monkeypatch.setattr(sample, "resident_bytes", lambda size=size: size * MB)
        assert rounds() == expected


@pytest.mark.claim(71)
@pytest.mark.django_db(transaction=True)
def test_fewer_than_two_free_connections_are_told():
    sampler = Sampler("test")
    for held, short in ((8, False), (9, True)):
        with Holders(held):
            sampler.look()
            assert pool.pool_state().used == held
            assert ("pool" in sampler._short.seconds()) is short
    sampler.look()
    assert sampler.sample().short_for == 0.0


@pytest.mark.claim(71)
def test_a_shortage_is_told_when_it_lasts(rounds, monkeypatch):
    state = pool.PoolState(10, 9, 3)
    monkeypatch.setattr(sample, "pool_state", lambda: state)
    assert rounds() == set()
    assert rounds() == {("connections", "")}
    assert "9/10 (+3)" in Alert.objects.get().detail
    state = pool.PoolState(10, 8, 0)
    assert rounds(CALM) == set()


class TestTheMirror:
    @pytest.fixture(autouse=True)
    def mirror_on(self, settings):
        settings.INSTANT_APP_ADMIN_TOKEN = "token"

    @pytest.mark.parametrize(("seconds", "expected"), [(55, set()), (65, {("mirror-lag", "")})])
    def test_an_entry_that_waits_for_a_minute_is_told(self, rounds, teacher, seconds, expected):
        make_chat(teacher)
        OutboxEntry.objects.update(created_at=now() - dt.timedelta(seconds=seconds - 10))
        assert rounds() == expected
        OutboxEntry.objects.all().delete()
        assert rounds(CALM) == set()

    def test_parked_rows_are_told(self, rounds, teacher):
        make_chat(teacher)
        OutboxEntry.objects.update(parked_at=now(), reason="too long")
        assert rounds() == {("mirror-parked", "")}
        assert rounds(20) == {("mirror-parked", "")}
        OutboxEntry.objects.all().delete()
        assert rounds(CALM) == set()

    def test_a_closed_app_is_told(self, rounds):
        MirrorState.write(is_closed=True, failure="app-read-only")
        assert rounds() == {("mirror-closed", "")}
        assert Alert.objects.get().detail == "app-read-only"
        MirrorState.write(is_closed=False)
        assert rounds(CALM) == set()

    def test_without_a_mirror_nothing_of_it_is_judged(self, rounds, settings):
        settings.INSTANT_APP_ADMIN_TOKEN = ""
        MirrorState.write(is_closed=True, failure="app-read-only")
        assert rounds() == set()


def test_an_open_breaker_is_told_by_its_name(rounds):
    breaker = Breaker("ai:test", failures=(OSError,), threshold=1, pause=5.0, clock=time.time)

    def call(error=None):
        with breaker.guard():
            if error is not None:
                raise error

    with pytest.raises(OSError, match="gone"):
        call(OSError("gone"))
    assert rounds(2) == {("breaker", "ai:test")}
    call()  # the pause is over, and it answers
    assert rounds(CALM) == set()


def test_celery_that_does_nothing_is_told(rounds):
    rounds.celery_lives = False
    assert rounds(6) == set()
    assert rounds() == {("celery", "")}
    rounds.celery_lives = True
    assert rounds(CALM) == set()


def test_celery_gets_time_after_nobody_watched(rounds, clock):
    rounds.celery_lives = False
    clock.shift(3600)
    assert rounds(7) == set()
    assert rounds() == {("celery", "")}


@pytest.mark.parametrize(("hits", "expected"), [(200, set()), (100, {("cache-hits", "")})])
def test_caches_that_answer_little_are_told(rounds, hits, expected):
    rounds()
    stats.count(Content.CHATS, "memory_hits", hits)
    stats.count(Content.CHATS, "misses", 500 - hits)
    assert rounds() == expected
    assert rounds(31 + CALM) == set()


class TestFirstWords:
    @staticmethod
    def reply(teacher, accepted_at, first_after=None, ended=True):
        chat = make_chat(teacher)
        [message] = make_messages(chat, 1)
        first = accepted_at + dt.timedelta(seconds=first_after) if first_after else None
        random = new_id().int & ((1 << 80) - 1)
        return Reply.objects.create(
            id=uuid.UUID(int=epoch_ms(accepted_at) << 80 | random),
            chat=chat, teacher=teacher, user_message=message, model="m", provider="p",
            state="complete" if ended else "queued", accepted_at=accepted_at,
            first_token_at=first, ended_at=first if ended else None,
        )  # fmt: skip

    @pytest.mark.parametrize(("seconds", "expected"), [(8, set()), (12, {("first-token", "")})])
    def test_what_half_of_the_replies_take_is_told(self, rounds, teacher, seconds, expected):
        for _ in range(5):
            self.reply(teacher, now(), seconds)
        assert rounds() == expected
        assert rounds(31 + CALM) == set()

    def test_a_few_slow_replies_say_nothing(self, rounds, teacher):
        for _ in range(4):
            self.reply(teacher, now(), 100)
        assert rounds() == set()

    def test_a_reply_that_nobody_writes_is_told(self, rounds, teacher):
        waiting = self.reply(teacher, now(), ended=False)
        assert rounds(5) == set()
        assert rounds(2) == {("first-token", "")}
        waiting.delete()
        assert rounds(CALM) == set()

    def test_it_takes_one_query(self, teacher, django_assert_num_queries):
        for _ in range(3):
            self.reply(teacher, now(), 1)
        with django_assert_num_queries(1):
            assert readings.Readings().first_tokens.count == 3


def test_a_disk_that_fills_up_is_told(rounds, settings):
    free = readings.Readings().disk_free
    assert 0 < free < 100
    settings.ALERT_DISK_FREE_PERCENT = free + 20
    assert rounds() == {("disk", "")}
    settings.ALERT_DISK_FREE_PERCENT = 0
    assert rounds(CALM) == set()


@pytest.mark.claim(17)
def test_twelve_faults_at_once_raise_their_twelve_alerts(rounds, teacher, settings, monkeypatch):
    """And each ends with its repair; `benchmarks/faults` does it with whole processes."""
    settings.INSTANT_APP_ADMIN_TOKEN = "token"
    settings.ALERT_DISK_FREE_PERCENT = 100
    settings.ALERT_MEMORY_MB = 1
    breaker = Breaker("ai:test", failures=(OSError,), threshold=1, pause=5.0, clock=time.time)
    with pytest.raises(OSError, match="gone"), breaker.guard():
        raise OSError("gone")
    monkeypatch.setattr(sample, "pool_state", lambda: pool.PoolState(10, 9, 0))
    stats.count(Content.CHATS, "misses", 500)
    TestFailingRequests.note(100, 6)
    MirrorState.write(is_closed=True, failure="app-disabled")
    for _ in range(5):
        TestFirstWords.reply(teacher, now(), 12)
    OutboxEntry.objects.update(created_at=now() - dt.timedelta(seconds=90))
    first = OutboxEntry.objects.first()
    OutboxEntry.objects.filter(pk=first.pk).update(parked_at=now(), reason="too long")
    monkeypatch.setattr(sample.named_queries, "slow_within", lambda _window: {"chats.row": 600})
    rounds.celery_lives = False
    rules = [rule for rule, _subject in sorted(rounds(7))]
    assert rules == sorted(rule.name for rule in RULES)
    assert len(rules) == 12

    settings.ALERT_DISK_FREE_PERCENT, settings.ALERT_MEMORY_MB = 0, 512_000
    monkeypatch.undo()
    with breaker.guard():
        pass
    rounds.celery_lives = True
    MirrorState.write(is_closed=False)
    outcomes.forget()
    Reply.objects.all().delete()
    Chat.objects.all().delete()
    OutboxEntry.objects.all().delete()
    settings.ALERT_WINDOW_SECONDS = 10
    assert rounds(1 + CALM) == set()
    assert Alert.objects.count() == 12


def test_every_rule_names_its_section_of_the_runbook(settings):
    settings.RUNBOOK_URL = "https://wiki.example/operations"
    assert BY_NAME["disk"].runbook == "https://wiki.example/operations#disk"
    assert len(BY_NAME) == 13


def test_a_process_that_died_is_judged_no_more(rounds):
    numbers = {"memory": 10**12}
    ProcessSample.objects.create(name="web@b:1", numbers=numbers, seen_at=now())
    assert rounds() == {("memory", "")}
    assert rounds(4 + CALM) == set()
    assert rounds(60) == set()
    assert not ProcessSample.objects.filter(name="web@b:1").exists()


def test_counting_requests_is_safe_from_threads():
    threads = [
        threading.Thread(target=lambda: [outcomes.note("chats", 500) for _ in range(500)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.recent(900)["chats"] == (2000, 2000)


def test_routes_are_bounded(clock):
    for number in range(3 * outcomes.MAX_ROUTES):
        outcomes.note(f"route {number}", 200)
    counts = outcomes.recent(60)
    assert len(counts) == outcomes.MAX_ROUTES + 1
    assert counts[outcomes.OTHER] == (2 * outcomes.MAX_ROUTES, 0)
