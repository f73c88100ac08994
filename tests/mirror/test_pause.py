"""While the mirror is paused, by a person or by InstantDB, nothing is sent and all is kept."""

import threading
import time

import pytest

from chats.models import Chat
from eduhu.mirror import actions, lanes, recorder
from eduhu.mirror import drain as drains
from eduhu.mirror import leader as leaders
from eduhu.mirror.client import client_of_settings
from eduhu.mirror.drain import Drain
from eduhu.mirror.leader import make_leader
from eduhu.mirror.models import MirrorState, OutboxEntry
from eduhu.mirror.recorder import Paused
from eduhu.mirror.status import measure
from monitoring.alerts.readings import Readings
from monitoring.alerts.rules import BY_NAME
from tests.factories import make_chat, make_messages
from tests.fakes.instant_server import Fault

committed = pytest.mark.django_db(transaction=True)  # the drain is a thread


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Every look is due at once."""
    for module in (recorder, drains, lanes):
        monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(recorder, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(leaders, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(leaders, "FILE_POLL_SECONDS", 0.02)
    monkeypatch.setattr(drains, "CLOSED_SECONDS", 0.05)


class Running:
    """A drain in a thread."""

    def __init__(self):
        self._stop = threading.Event()
        self._thread = threading.Thread(target=drains.run, args=[self._stop])
        self._thread.start()

    def end(self):
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def drain(pushed):
    running = Running()
    yield running
    running.end()


def wait_until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def wait_for_looks(number=2):
    """Let the drain read the state so many times more."""
    for _ in range(number):
        seen_at = MirrorState.load().seen_at
        wait_until(lambda seen_at=seen_at: MirrorState.load().seen_at != seen_at)


def signs(rule):
    return BY_NAME[rule].signs(Readings())


def holds(server, chat):
    return str(chat.pk) in server.store.rows.get("chats", {})


@committed
def test_a_person_pauses_and_resumes_without_a_restart(pushed, drain, teacher):
    first = make_chat(teacher)
    wait_until(lambda: holds(pushed, first))
    assert actions.pause(by=teacher, reason="cut-over")
    wait_for_looks()
    sent = len(pushed.log)
    second = make_chat(teacher)
    wait_for_looks(5)
    assert len(pushed.log) == sent
    assert OutboxEntry.objects.count() == 1
    assert measure().is_led
    assert actions.resume()
    wait_until(lambda: holds(pushed, second))


@committed
def test_a_pause_outlives_the_process(pushed, teacher):
    actions.pause(by=teacher, reason="cut-over")
    chat = make_chat(teacher)
    running = Running()
    try:
        wait_for_looks(5)
        assert pushed.log == []
        actions.resume()
        wait_until(lambda: holds(pushed, chat))
    finally:
        running.end()


def test_pausing_twice_keeps_the_first_reason(teacher, stranger):
    assert actions.pause(by=teacher, reason="first")
    assert not actions.pause(by=stranger, reason="second")
    state = MirrorState.load()
    assert (state.paused_by, state.pause_reason) == (teacher, "first")
    assert actions.resume()
    assert not actions.resume()


def test_a_pause_outlives_whoever_paused(teacher):
    actions.pause(by=teacher, reason="cut-over")
    teacher.delete()
    state = MirrorState.load()
    assert (state.paused_by, state.pause_reason) == (None, "cut-over")
    assert measure().is_paused


def test_a_pause_stops_a_pass_between_two_requests(pushed, teacher, monkeypatch):
    monkeypatch.setattr(lanes, "ROWS_PER_REQUEST", 5)
    make_messages(make_chat(teacher), 300)
    pushed.fault = Fault("slow", seconds=0.3)
    with client_of_settings() as client:
        leader = make_leader()
        drain = Drain(client, leader)
        assert leader.acquire()
        drain._recorder.begin()
        actions.pause(by=teacher, reason="cut-over")
        done = drain.run_pass()
        drain._lanes.close()
        leader.release()
    assert isinstance(done.failure, Paused)
    # What was under way is finished; of the 61 requests most were never sent.
    assert lanes.LANES <= len(pushed.transactions) < 2 * lanes.LANES
    assert len({entry.row_id for entry in OutboxEntry.objects.all()}) == 301 - 5 * lanes.LANES


@committed
def test_a_closed_app_pauses_alarms_and_goes_on_by_itself(pushed, drain, teacher):
    first = make_chat(teacher)
    wait_until(lambda: holds(pushed, first) and not OutboxEntry.objects.exists())
    pushed.status = "read-only"
    second = make_chat(teacher)
    wait_until(lambda: MirrorState.load().is_closed)
    since = MirrorState.load().failing_since
    wait_for_looks(5)
    state = MirrorState.load()
    assert "app-read-only" in state.failure
    assert state.failing_since == since
    assert OutboxEntry.objects.filter(parked_at=None).count() == 1
    assert signs("mirror-closed") == {"": state.failure}
    pushed.status = None
    wait_until(lambda: holds(pushed, second))
    wait_until(lambda: not MirrorState.load().is_closed)
    assert signs("mirror-closed") == {}


@committed
def test_a_wrong_schema_is_told_until_it_is_pushed(pushed, teacher):
    rules, pushed.permissions = pushed.permissions, None
    running = Running()
    try:
        wait_until(lambda: MirrorState.load().is_closed)
        assert "mirror_schema" in MirrorState.load().failure
        assert MirrorState.load().schema_ready_at is None
        pushed.permissions = rules
        wait_until(lambda: MirrorState.load().schema_ready_at is not None)
        wait_until(lambda: not MirrorState.load().is_closed)
    finally:
        running.end()


@committed
def test_permissions_that_are_loosened_while_it_sends_stop_it(pushed, drain, teacher, monkeypatch):
    wait_until(lambda: MirrorState.load().schema_ready_at is not None)
    monkeypatch.setattr(drains, "SCHEMA_SECONDS", 0.0)
    rules, pushed.permissions = pushed.permissions, None  # in InstantDB's dashboard
    wait_until(lambda: (MirrorState.load().failure or "").startswith("Closed: run `manage.py"))
    chat = make_chat(teacher)
    state = MirrorState.load()
    assert state.is_closed
    assert state.schema_ready_at is None
    assert not holds(pushed, chat)
    pushed.permissions = rules
    wait_until(lambda: holds(pushed, chat))


@committed
def test_an_outage_is_no_closed_app(pushed, drain, teacher):
    wait_until(lambda: MirrorState.load().schema_ready_at is not None)
    pushed.fault = Fault("status", status=503)
    chat = make_chat(teacher)
    wait_until(lambda: MirrorState.load().failing_since is not None)
    assert not MirrorState.load().is_closed
    pushed.fault = None
    wait_until(lambda: holds(pushed, chat))
    wait_until(lambda: MirrorState.load().failing_since is None)


@committed
def test_what_was_sent_is_counted_once(pushed, drain, teacher):
    for title in ("eins", "zwei"):
        chat = make_chat(teacher)
        Chat.objects.filter(pk=chat.pk).update(title=title)
    wait_until(lambda: not OutboxEntry.objects.exists())
    wait_for_looks()
    rows = sum(len(each.body["steps"]) for each in pushed.transactions)
    status = measure()
    assert status.rows_last_hour == rows
    assert status.state.sent_at is not None


@pytest.mark.services
@committed
def test_wake_ups_do_not_pile_up_while_nothing_is_sent(pushed, teacher, monkeypatch):
    monkeypatch.setattr(leaders, "POLL_SECONDS", 0.3)
    leader = make_leader()
    assert leader.acquire()
    try:
        for _ in range(3):
            make_chat(teacher)
        leader.confirm()  # any answer of the server brings what was notified
        leader.stay()
        begun = time.monotonic()
        leader.wait()
        assert time.monotonic() - begun >= 0.25
    finally:
        leader.release()


@committed
def test_a_fault_of_ours_does_not_end_the_sending(pushed, drain, teacher, monkeypatch, caplog):
    wait_for_looks()
    with monkeypatch.context() as broken:
        broken.setattr(drains.outbox, "read_pending", lambda _limit: 1 / 0)
        wait_until(lambda: "the mirror failed" in caplog.text)
    chat = make_chat(teacher)
    wait_until(lambda: holds(pushed, chat))
