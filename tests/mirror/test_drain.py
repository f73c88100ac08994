"""What waits in the outbox arrives, whatever fails on the way."""

import threading
import time

import pytest
from django.db import connection

from artifacts.models import Artifact
from chats.models import Chat, Message
from eduhu.mirror import doubts, outbox
from eduhu.mirror import drain as drains
from eduhu.mirror import leader as leaders
from eduhu.mirror.documents import same
from eduhu.mirror.failures import Busy, Closed, Unreachable
from eduhu.mirror.leader import LostLead, make_leader
from eduhu.mirror.models import OutboxEntry
from eduhu.resilience import BreakerState, breakers
from teachers.models import TeacherPreferences
from tests.factories import make_chat, make_messages, make_teacher
from tests.fakes.instant_server import Fault

pytestmark = pytest.mark.django_db


def push_schema(server, **attrs):
    attributes = {
        name: {"valueType": kind, "required": False, "config": {"indexed": True, "unique": unique}}
        for name, (kind, unique) in attrs.items()
    }
    server.store.push_schema({"entities": {"chats": {"attrs": attributes}}})


def drained(drain):
    """Pass after pass until nothing waits."""
    while (done := drain.run_pass()).read:
        assert done.failure is None


def assert_equal_to_ours(server):
    ours = outbox.documents_of(
        [("chats", pk) for pk in Chat.objects.values_list("pk", flat=True)]
        + [("messages", pk) for pk in Message.objects.values_list("pk", flat=True)]
    )
    theirs = {
        (table, row_id): row
        for table, rows in server.store.rows.items()
        for row_id, row in rows.items()
        if table in ("chats", "messages")
    }
    assert {(table, str(row_id)) for table, row_id in ours} == set(theirs)
    assert [key for key, row in ours.items() if not same(row, theirs[key[0], str(key[1])])] == []


def test_rows_arrive_whole_and_entries_go(instant_app, drain, teacher):
    chat = make_chat(teacher)
    make_messages(chat, 3)
    drained(drain)
    assert_equal_to_ours(instant_app)
    assert instant_app.store.rows["chats"][str(chat.pk)]["message_count"] == 3
    assert not OutboxEntry.objects.exists()


def test_many_writes_of_a_row_are_one_step_and_the_revision_grows(instant_app, drain, teacher):
    chat = make_chat(teacher)
    for number in range(5):
        Chat.objects.filter(pk=chat.pk).update(title=f"Titel {number}")
    newest = OutboxEntry.objects.latest("id").pk
    assert drain.run_pass().sent == 1
    [step] = instant_app.transactions[0].body["steps"]
    assert step[:3] == ["update", "chats", str(chat.pk)]
    assert (step[3]["title"], step[3]["mirror_rev"]) == ("Titel 4", newest)
    Chat.objects.filter(pk=chat.pk).update(topic_category="math")
    drained(drain)
    assert instant_app.store.rows["chats"][str(chat.pk)]["mirror_rev"] > newest


def test_what_is_null_again_is_null_there(instant_app, drain, teacher):
    chat = make_chat(teacher, topic_category="math")
    drained(drain)
    Chat.objects.filter(pk=chat.pk).update(topic_category=None)
    drained(drain)
    assert instant_app.store.rows["chats"][str(chat.pk)]["topic_category"] is None


def test_deleted_rows_go_and_do_not_come_back(instant_app, drain, teacher):
    chat = make_chat(teacher)
    make_messages(chat, 2)
    drained(drain)
    Chat.objects.filter(pk=chat.pk).update(title="noch einmal")
    chat.delete()
    drained(drain)
    assert instant_app.store.rows["chats"] == instant_app.store.rows["messages"] == {}


def test_an_entry_that_comes_while_its_row_is_sent_stays(instant_app, drain, teacher, monkeypatch):
    chat = make_chat(teacher)
    read = outbox.changes_of

    def write_meanwhile(pending):
        changes = read(pending)
        Chat.objects.filter(pk=chat.pk).update(title="später")
        return changes

    monkeypatch.setattr(outbox, "changes_of", write_meanwhile)
    drain.run_pass()
    monkeypatch.undo()
    assert instant_app.store.rows["chats"][str(chat.pk)]["title"] == "Brüche"
    assert OutboxEntry.objects.count() == 1
    drain.run_pass()
    assert instant_app.store.rows["chats"][str(chat.pk)]["title"] == "später"


def test_requests_are_bounded_in_size_and_number(instant_app, drain, teacher):
    instant_app.fault = Fault("slow", seconds=0.05)
    make_messages(make_chat(teacher), 1500)
    drained(drain)
    assert_equal_to_ours(instant_app)
    assert max(len(each.body["steps"]) for each in instant_app.transactions) <= 100
    assert 2 <= instant_app.most_in_flight <= 10


@pytest.mark.claim(57)
@pytest.mark.parametrize("kind", ["cut", "lose answer", "status"])
def test_a_failed_request_is_sent_again(instant_app, drain, teacher, kind):
    chat = make_chat(teacher)
    make_messages(chat, 30)
    instant_app.script(*[Fault(kind)] * 4)
    done = drain.run_pass()
    assert isinstance(done.failure, Unreachable)
    assert OutboxEntry.objects.exists()
    drained(drain)
    assert_equal_to_ours(instant_app)
    assert not OutboxEntry.objects.exists()


def test_a_poison_row_is_parked_alone(instant_app, drain, teacher):
    push_schema(instant_app, topic_category=("number", False))
    chats = Chat.objects.bulk_create(
        Chat(teacher=teacher, title=f"Chat {number}") for number in range(300)
    )
    poison = chats[77]
    Chat.objects.filter(pk=poison.pk).update(topic_category="math")
    while drain.run_pass().read:
        pass
    assert len(instant_app.store.rows["chats"]) == 299
    [parked] = OutboxEntry.objects.all()
    assert (parked.table, parked.row_id) == ("chats", poison.pk)
    assert parked.parked_at is not None
    assert "chats.topic_category" in parked.reason


def test_a_reason_with_odd_characters_stops_nobody(instant_app, drain, teacher):
    make_chat(teacher)
    text = '{"type": "validation-failed", "message": "a\\u0000b\\ud800c"}'
    instant_app.script(Fault("page", 400, text=text))
    assert drain.run_pass().parked == 1
    assert OutboxEntry.objects.get().reason == "validation-failed: a?b?c"


def test_what_a_refusal_quotes_stands_in_no_log(instant_app, drain, teacher, caplog):
    make_chat(teacher)
    text = '{"type": "record-not-unique", "message": "`title` = \\"Brief an Frau S.\\""}'
    instant_app.script(Fault("page", 400, text=text))
    assert drain.run_pass().parked == 1
    assert "Frau S." in OutboxEntry.objects.get().reason
    assert "is parked: record-not-unique: `title` = …" in caplog.text


def test_a_parked_row_is_sent_after_its_next_write(instant_app, drain, teacher):
    push_schema(instant_app, topic_category=("number", False))
    chat = make_chat(teacher, topic_category="math")
    for _ in range(2):
        Chat.objects.filter(pk=chat.pk).update(title="noch einmal")
        assert drain.run_pass().parked == 1
        assert OutboxEntry.objects.count() == 1
    assert drain.run_pass().read == 0
    Chat.objects.filter(pk=chat.pk).update(topic_category=None)
    assert drain.run_pass().sent == 1
    assert not OutboxEntry.objects.exists()


def test_a_unique_value_may_move_from_row_to_row(instant_app, drain, teacher):
    unique = {"valueType": "string", "required": True, "config": {"indexed": True, "unique": True}}
    schema = {"entities": {"teacher_preferences": {"attrs": {"teacher_id": unique}}}}
    instant_app.store.push_schema(schema)
    for _ in range(3):
        TeacherPreferences.objects.filter(teacher=teacher).delete()
        kept = TeacherPreferences.objects.create(teacher=teacher)
        done = drain.run_pass()
        assert (done.parked, done.failure) == (0, None)
    assert set(instant_app.store.rows["teacher_preferences"]) == {str(kept.pk)}


@pytest.mark.parametrize("status", ["read-only", "disabled"])
def test_a_closed_app_keeps_everything_waiting(instant_app, drain, teacher, status):
    make_messages(make_chat(teacher), 5)
    waiting = OutboxEntry.objects.count()
    instant_app.status = status
    done = drain.run_pass()
    assert isinstance(done.failure, Closed)
    assert drain._pause_after(done.failure) == drains.CLOSED_SECONDS
    assert OutboxEntry.objects.filter(parked_at=None).count() == waiting
    instant_app.status = None
    drained(drain)
    assert_equal_to_ours(instant_app)


@pytest.mark.claim(57)
def test_pauses_grow_to_an_end_and_add_what_the_server_asks(drain):
    def pauses(failure):
        return [drain._pause_after(failure) for drain._failures in range(1, 30)]

    plain = pauses(Unreachable("away"))
    assert plain[0] <= 0.5
    assert drains.LONGEST_DELAY / 2 <= max(plain) <= drains.LONGEST_DELAY
    assert len(set(plain)) == len(plain)
    assert min(pauses(Busy("slowly", 7.0))) > 7


@pytest.mark.claim(58)
def test_the_breaker_leaves_a_dead_server_alone(instant_app, drain, teacher):
    make_messages(make_chat(teacher), 30)
    instant_app.stop()
    drain.run_pass()
    [status] = [each for each in breakers() if each.name == "InstantDB"]
    assert status.state == BreakerState.OPEN
    seen = len(instant_app.log)
    instant_app.start()
    drain.run_pass()
    assert len(instant_app.log) == seen


def test_the_rest_follows_at_once_when_the_breaker_lets_one_lane_try(
    instant_app, drain, teacher, monkeypatch
):
    make_messages(make_chat(teacher), 30)
    instant_app.stop()
    drain.run_pass()
    instant_app.start()
    monkeypatch.setattr(drain._lanes._breaker, "_pause", 0.0)
    instant_app.fault = Fault("slow", seconds=0.1)  # the other lanes come meanwhile
    done = drain.run_pass()
    assert 0 < done.sent < done.read
    assert done.failure is None
    drained(drain)
    assert_equal_to_ours(instant_app)


def test_nothing_is_sent_without_the_lead(instant_app, drain, leader, teacher):
    make_chat(teacher)
    leader.release()
    with pytest.raises(LostLead):
        drain.run_pass()
    assert instant_app.log == []
    assert OutboxEntry.objects.exists()


def test_only_one_leads(instant_app, drain, leader):
    other = make_leader()
    assert not other.acquire()
    leader.release()
    assert other.acquire()
    other.release()


@pytest.mark.services
def test_a_cut_connection_is_a_lost_lead(instant_app, drain, leader, teacher):
    make_chat(teacher)
    pid = leader._connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    with pytest.raises(LostLead):
        drain.run_pass()
    assert instant_app.log == []


def test_a_request_that_took_effect_too_late_is_repaired(instant_app, drain, teacher, monkeypatch):
    monkeypatch.setattr(doubts, "DOUBT_SECONDS", 0.6)
    chat = make_chat(teacher)
    instant_app.script(Fault("late", seconds=0.4))
    assert isinstance(drain.run_pass().failure, Unreachable)
    Chat.objects.filter(pk=chat.pk).update(title="neu")
    drained(drain)
    time.sleep(0.7)
    assert instant_app.store.rows["chats"][str(chat.pk)]["title"] == "Brüche"
    drain._doubts.settle()
    drained(drain)
    assert instant_app.store.rows["chats"][str(chat.pk)]["title"] == "neu"


def test_no_doubt_no_question(instant_app, drain, teacher, monkeypatch):
    monkeypatch.setattr(doubts, "DOUBT_SECONDS", 0.0)
    make_chat(teacher)
    drained(drain)
    drain._doubts.settle()
    assert [each.path for each in instant_app.log] == ["/admin/transact"]


@pytest.mark.django_db(transaction=True)
def test_a_commit_wakes_the_drain(pushed, teacher, monkeypatch):
    monkeypatch.setattr(leaders, "POLL_SECONDS", 2.0)
    monkeypatch.setattr(leaders, "FILE_POLL_SECONDS", 2.0)
    stop = threading.Event()
    thread = threading.Thread(target=drains.run, args=[stop])
    thread.start()
    try:
        first = make_chat(teacher)
        wait_for(pushed, first)
        lags = []
        for _ in range(5):
            time.sleep(0.05)
            begun = time.monotonic()
            wait_for(pushed, make_chat(teacher))
            lags.append(time.monotonic() - begun)
    finally:
        stop.set()
        thread.join(10)
    assert sorted(lags)[2] < 0.25


def wait_for(server, chat):
    end = time.monotonic() + 10
    while str(chat.pk) not in server.store.rows.get("chats", {}):
        assert time.monotonic() < end
        time.sleep(0.005)


def test_messages_follow_their_chat_to_another_teacher(instant_app, drain, teacher):
    chat, stranger = make_chat(teacher), make_teacher()
    [message] = make_messages(chat, 1)
    drained(drain)
    Chat.objects.filter(pk=chat.pk).update(teacher=stranger)
    drained(drain)
    assert instant_app.store.rows["messages"][str(message.pk)]["teacher_id"] == str(stranger.pk)


def test_rows_of_every_table_fit_the_pushed_schema(pushed, drain, teacher):
    TeacherPreferences.objects.create(teacher=teacher)
    Chat.objects.create(title="niemandes")
    chat = make_chat(teacher)
    [message] = make_messages(chat, 1)
    Artifact.objects.create(
        chat=chat, message=message, title="Optik", content="…", artifact_type="worksheet"
    )
    drained(drain)
    assert not OutboxEntry.objects.exists()
    assert {table: len(rows) for table, rows in pushed.store.rows.items()} == {
        "teacher_preferences": 1, "chats": 2, "messages": 1, "artifacts": 1,
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_before_schema_and_permissions_are_there(
    pushed, leader, teacher, monkeypatch
):
    monkeypatch.setattr(drains, "CLOSED_SECONDS", 0.05)
    rules, pushed.permissions = pushed.permissions, None
    stop = threading.Event()
    thread = threading.Thread(target=drains.run, args=[stop])
    thread.start()
    try:
        chat = make_chat(teacher)
        time.sleep(0.5)
        assert pushed.transactions == []
        pushed.permissions = rules
        wait_for(pushed, chat)
    finally:
        stop.set()
        thread.join(10)
