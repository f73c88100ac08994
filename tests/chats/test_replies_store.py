"""What the reply worker writes: the database decides who owns a reply, and once is enough."""

import datetime as dt
import threading
import time

import pytest
from django.db import connection

from chats import limits
from chats.actions import Question, cancel_reply, delete_chat, send_message
from chats.models import Chat, Message, Reply, ReplyState
from chats.providers.base import Usage
from chats.replies import store
from chats.replies.store import Outcome
from eduhu import named_queries
from eduhu.cache import invalidation
from eduhu.db import now
from teachers import tokens
from tests.eduhu.test_isolation import token_for
from tests.factories import make_teacher

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = "Ein Bruch ist ein Teil 🍕 vom Ganzen."


def ask(teacher=None, content="Was ist ein Bruch?"):
    return send_message(teacher=teacher or make_teacher(), question=Question(content))


def complete(text=TEXT, **changes):
    outcome = {"state": ReplyState.COMPLETE, "text": text, "usage": Usage(11, 7), **changes}
    return Outcome(finish_reason="stop", **outcome)


def at_once(*functions):
    """Run functions in threads that start together; return results, raise what one raised."""
    barrier, results = threading.Barrier(len(functions)), [None] * len(functions)

    def run(number, function):
        barrier.wait(5)
        try:
            results[number] = function()
        except Exception as error:  # noqa: BLE001 (raised below, in the test's own thread)
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


def test_a_claimed_reply_is_the_workers_own_with_a_lease():
    reply = ask()
    [job] = store.claim("a", 10)
    reply.refresh_from_db()
    assert (job.reply_id, job.worker, job.message_id) == (reply.pk, "a", reply.message_id)
    assert (reply.state, reply.worker) == (ReplyState.STREAMING, "a")
    assert now() < reply.lease_until < now() + dt.timedelta(seconds=2)
    assert store.claim("b", 10) == []


def test_a_turn_takes_twelve_statements(monkeypatch):
    teacher = make_teacher()
    token, said, note = token_for(teacher), [], named_queries.note
    monkeypatch.setattr(tokens, "_entries", {})
    monkeypatch.setattr(invalidation, "_serves", True)  # as where replies are written
    monkeypatch.setattr(
        named_queries, "note", lambda sql, seconds: (said.append(str(sql)), note(sql, seconds))
    )
    limits.ask(tokens.find_token(token).user, Question("Was ist ein Bruch?"))
    [job] = store.claim("a", 10)
    store.finish(job, complete())
    counted = [sql for sql in said if not sql.startswith(("BEGIN", "COMMIT"))]
    assert len(counted) <= 12, "\n".join(counted)
    assert Message.objects.filter(content=TEXT).exists()


def test_the_oldest_are_claimed_first_and_not_more_than_wanted():
    replies = [ask() for _ in range(5)]
    for number, reply in enumerate(replies):
        Reply.objects.filter(pk=reply.pk).update(created_at=now() - dt.timedelta(minutes=number))
    claimed = [job.reply_id for job in store.claim("a", 3)]
    assert claimed == [reply.pk for reply in reversed(replies[2:])]


def test_workers_at_the_same_moment_never_get_the_same_reply(monkeypatch):
    wanted, lease = {ask().pk for _ in range(24)}, store._lease

    def slow_lease():
        time.sleep(0.005)  # between what is read and what is written
        return lease()

    monkeypatch.setattr(store, "_lease", slow_lease)

    def work(name):
        claimed = []
        while jobs := store.claim(name, 2):
            claimed += [job.reply_id for job in jobs]
        return claimed

    shares = at_once(*(lambda name=name: work(name) for name in "abcd"))
    everything = [reply_id for share in shares for reply_id in share]
    assert len(everything) == len(wanted)
    assert set(everything) == wanted
    for name, share in zip("abcd", shares, strict=True):
        assert Reply.objects.filter(worker=name).count() == len(share)


def test_finishing_stores_reply_message_and_tokens_together():
    reply = ask()
    [job] = store.claim("a", 1)
    ending = store.finish(job, complete())
    reply.refresh_from_db()
    answer, question = Message.objects.get(pk=reply.message_id), reply.user_message
    assert (reply.state, reply.text, reply.finish_reason) == ("complete", TEXT, "stop")
    assert (answer.role, answer.content, answer.token_count) == ("assistant", TEXT, 7)
    assert answer.timestamp > question.timestamp
    assert question.token_count == 11
    assert (ending.offset, ending.message_id) == (len(TEXT), answer.pk)
    assert ending.response_time_ms == answer.response_time_ms


def test_finishing_twice_changes_nothing_the_second_time():
    reply = ask()
    [job] = store.claim("a", 1)
    store.finish(job, complete())
    assert store.finish(job, complete("Etwas anderes")) is None
    assert Message.objects.get(pk=reply.message_id).content == TEXT
    assert Message.objects.get(pk=reply.user_message_id).token_count == 11


def test_two_finishes_at_once_store_one_answer():
    ask()
    [job] = store.claim("a", 1)
    results = at_once(*(lambda: store.finish(job, complete()) for _ in range(3)))
    assert sum(ending is not None for ending in results) == 1
    assert Message.objects.filter(role="assistant").count() == 1


def test_an_ending_without_text_stores_no_message():
    reply = ask()
    [job] = store.claim("a", 1)
    ending = store.finish(job, complete("", state=ReplyState.FAILED, error_code="provider_error"))
    assert ending.frame()["message_id"] is None
    assert not Message.objects.filter(pk=reply.message_id).exists()


def test_a_worker_that_lost_its_lease_changes_nothing():
    reply = ask()
    [job] = store.claim("a", 1)
    Reply.objects.filter(pk=reply.pk).update(worker="b")
    store.checkpoint("a", {reply.pk: "falsch"})
    assert store.heartbeat("a", [reply.pk]) == (set(), set())
    assert store.finish(job, complete()) is None
    assert store.ending(job, complete()).error_code == "reply_interrupted"
    reply.refresh_from_db()
    assert (reply.state, reply.text, reply.worker) == (ReplyState.STREAMING, "", "b")
    assert not Message.objects.filter(role="assistant").exists()


def test_a_heartbeat_renews_leases_and_tells_what_shall_stop():
    teacher = make_teacher()
    stopped, going, given_up = ask(teacher), ask(teacher), ask(teacher)
    store.claim("a", 3)
    Reply.objects.update(lease_until=now())
    cancel_reply(teacher=teacher, reply_id=stopped.pk)
    written = [stopped.pk, going.pk]
    assert store.heartbeat("a", written) == (set(written), {stopped.pk})
    assert set(Reply.objects.filter(lease_until__gt=now())) == {stopped, going}
    assert [ending.reply_id for ending in store.reap("b")] == [given_up.pk]


def test_checkpoints_of_many_replies_are_one_statement(django_assert_num_queries):
    replies = [ask() for _ in range(5)]
    store.claim("a", 10)
    with django_assert_num_queries(1):
        store.checkpoint("a", {reply.pk: f"Text {reply.pk}" for reply in replies})
    for reply in Reply.objects.all():
        assert reply.text == f"Text {reply.pk}"


def test_a_reply_whose_worker_is_gone_is_interrupted_with_its_text():
    reply = ask()
    store.claim("gone", 1)
    store.checkpoint("gone", {reply.pk: TEXT})
    assert store.reap("b") == []
    Reply.objects.update(lease_until=now() - dt.timedelta(milliseconds=5))
    [ending] = store.reap("b")
    reply.refresh_from_db()
    answer = Message.objects.get(pk=reply.message_id)
    assert (reply.state, reply.error_code) == (ReplyState.INTERRUPTED, "reply_interrupted")
    assert (answer.content, answer.token_count_estimated) == (TEXT, True)
    assert answer.token_count == -(-len(TEXT) // 4)
    assert (ending.reply_id, ending.offset) == (reply.pk, len(TEXT))
    assert store.reap("b") == []
    assert ask(reply.teacher).pk != reply.pk


def test_a_worker_never_takes_what_it_is_writing_for_abandoned():
    reply = ask()
    store.claim("a", 1)
    Reply.objects.update(lease_until=now() - dt.timedelta(seconds=60))
    assert store.reap("a", {reply.pk}) == []
    assert len(store.reap("b")) == 1


@pytest.mark.claim(33)
def test_a_reply_found_hours_later_did_not_take_hours():
    reply = ask()
    store.claim("gone", 1)
    store.checkpoint("gone", {reply.pk: TEXT})
    long_ago = now() - dt.timedelta(hours=8)
    Reply.objects.update(accepted_at=long_ago, lease_until=long_ago + dt.timedelta(seconds=3.5))
    store.reap("b")
    assert Message.objects.get(pk=reply.message_id).response_time_ms == 2_000


@pytest.mark.claim(33)
def test_a_clock_that_goes_back_gives_no_negative_time():
    reply = ask()
    [job] = store.claim("a", 1)
    store.finish(job, complete(ended_at=now() - dt.timedelta(minutes=1)))
    assert Message.objects.get(pk=reply.message_id).response_time_ms == 0


def test_two_reapers_at_once_end_a_reply_once():
    replies = [ask() for _ in range(6)]
    store.claim("gone", 10)
    store.checkpoint("gone", {reply.pk: TEXT for reply in replies})
    Reply.objects.update(lease_until=now() - dt.timedelta(seconds=1))
    shares = at_once(lambda: store.reap("b"), lambda: store.reap("c"))
    ended = [ending.reply_id for share in shares for ending in share]
    assert sorted(ended) == sorted(reply.pk for reply in replies)
    assert Message.objects.filter(role="assistant").count() == len(replies)


def test_a_reply_deleted_with_its_chat_ends_as_cancelled():
    reply = ask()
    [job] = store.claim("a", 1)
    delete_chat(teacher=reply.teacher, chat_id=reply.chat_id)
    outcome = complete()
    assert store.finish(job, outcome) is None
    ending = store.ending(job, outcome)
    assert (ending.frame()["type"], ending.finish_reason) == ("done", "cancelled")
    assert ending.offset == len(TEXT)
    assert not Message.objects.exists()


def test_finishing_and_deleting_at_once_never_get_in_each_others_way():
    for _ in range(12):
        reply = ask()
        [job] = store.claim("a", 1)
        at_once(
            lambda job=job: store.finish(job, complete()),
            lambda reply=reply: delete_chat(teacher=reply.teacher, chat_id=reply.chat_id),
        )
    assert not Chat.objects.exists()
    assert not Message.objects.exists()


def test_a_reply_stopped_before_it_was_claimed_is_never_claimed():
    reply = ask()
    cancel_reply(teacher=reply.teacher, reply_id=reply.pk)
    assert store.claim("a", 10) == []
    reply.refresh_from_db()
    assert (reply.state, reply.finish_reason) == (ReplyState.CANCELLED, "cancelled")


def test_what_is_cached_is_forgotten_when_a_reply_begins_and_ends(monkeypatch):
    """A claim changes nothing that anybody has cached, so nobody is told of it."""
    told, forget = [], invalidation.forget
    monkeypatch.setattr(
        invalidation, "forget", lambda scopes: (told.append(scopes), forget(scopes))
    )
    teacher = make_teacher()
    told.clear()
    reply = ask(teacher)
    chat = f"chat:{reply.chat_id}"
    assert [chat in scopes for scopes in told] == [True]
    [job] = store.claim("a", 10)
    assert len(told) == 1
    store.finish(job, complete())
    assert [chat in scopes for scopes in told] == [True, True]
