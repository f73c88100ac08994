"""The numbers of chats and weeks: counted by hand, kept, and right after every write."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chats.actions import Question, send_message
from chats.models import Message
from chats.providers.base import Usage
from chats.replies import store
from eduhu.cache import memory
from tests.client import ApiClient
from tests.factories import make_chat

pytestmark = pytest.mark.django_db(transaction=True)

NOW = dt.datetime(2026, 11, 18, 12, tzinfo=dt.UTC)  # a Wednesday


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def api(clock, teacher):
    return ApiClient(teacher)


def say(chat, role, moment, tokens=None, pace=None, topics=()):
    return Message.objects.create(
        chat=chat, role=role, content="…", token_count=tokens, response_time_ms=pace,
        educational_topics=list(topics), timestamp=dt.datetime.fromisoformat(moment),
    )  # fmt: skip


@pytest.fixture
def chat(teacher):
    """Two days at school; the first one ends at 23:00 UTC."""
    chat = make_chat(teacher)
    say(chat, "system", "2026-11-09T10:00:00Z")
    say(chat, "user", "2026-11-09T22:59:00Z", tokens=10, topics=["Optik", "Licht"])
    say(chat, "assistant", "2026-11-09T22:59:30Z", tokens=100, pace=900, topics=["Optik"])
    say(chat, "user", "2026-11-09T23:01:00Z", tokens=20)
    say(chat, "assistant", "2026-11-09T23:02:00Z", tokens=200, pace=1500)
    say(chat, "assistant", "2026-11-10T08:00:00.123Z", pace=1401)
    return chat


def analytics(api, chat):
    return api.get(f"/api/chats/{chat.pk}/analytics").json()


def summary(api):
    return api.get("/api/analytics/summary").json()


def test_the_numbers_of_a_chat_are_those_counted_by_hand(api, chat):
    assert analytics(api, chat) == {
        "chat_id": str(chat.pk),
        "message_count": 6,
        "messages": {"user": 2, "assistant": 3, "system": 1},
        "tokens": 330,
        "tokens_by_day": [
            {"day": "2026-11-09", "tokens": 110},
            {"day": "2026-11-10", "tokens": 220},
        ],
        "topics": [{"topic": "Optik", "messages": 2}, {"topic": "Licht", "messages": 1}],
        "first_message_at": 1794218400000,
        "last_message_at": 1794297600123,
        "average_response_ms": 1267,
    }


def test_an_empty_chat_has_no_numbers(api, teacher):
    found = analytics(api, make_chat(teacher))
    assert (found["tokens"], found["tokens_by_day"], found["topics"]) == (0, [], [])
    assert found["messages"] == {"user": 0, "assistant": 0, "system": 0}
    assert {found[name] for name in ("first_message_at", "last_message_at",
                                     "average_response_ms")} == {None}  # fmt: skip


def test_the_weeks_of_a_teacher_are_those_counted_by_hand(api, teacher, chat, stranger):
    other = make_chat(teacher, is_archived=True)
    say(other, "user", "2026-11-15T22:59:59Z", tokens=5)  # Sunday at school
    say(other, "user", "2026-11-15T23:00:00Z", tokens=7)  # Monday
    say(other, "user", "2026-08-31T00:00:00Z")  # the first of twelve weeks
    say(other, "user", "2026-08-30T21:59:00Z")  # the week before
    say(make_chat(stranger), "user", "2026-11-17T08:00:00Z", tokens=1000)
    week = {"chats": 1, "questions": 1, "answers": 0, "average_response_ms": None}
    assert summary(api) == {
        "chats": 2,
        "messages": 10,
        "weeks": [
            {**week, "begins": "2026-11-16", "tokens": 7},
            {"begins": "2026-11-09", "chats": 2, "questions": 3, "answers": 3, "tokens": 335,
             "average_response_ms": 1267},
            {**week, "begins": "2026-08-31", "tokens": 0},
        ],
    }  # fmt: skip


def test_a_stranger_learns_nothing(stranger, chat):
    api = ApiClient(stranger)
    assert api.get(f"/api/chats/{chat.pk}/analytics").status_code == 404
    assert summary(api) == {"chats": 0, "messages": 0, "weeks": []}


def answer_a_question(chat):
    send_message(teacher=chat.teacher, question=Question("Was ist Licht?", chat.pk))
    [job] = store.claim("w", 5)
    store.finish(job, store.Outcome("complete", "Eine Welle.", Usage(30, 40), "stop"))


def fail_without_a_word(chat):
    send_message(teacher=chat.teacher, question=Question("Was ist Licht?", chat.pk))
    [job] = store.claim("w", 5)
    store.finish(job, store.Outcome("failed", "", Usage(30, 0), error_code="provider_error"))


WRITES = {
    "a question and its answer": (answer_a_question, 2, 70),
    "an answer that failed": (fail_without_a_word, 1, 30),
    "a new message": (lambda chat: say(chat, "user", "2026-11-17T08:00:00Z", tokens=1), 1, 1),
    "another number of tokens": (
        lambda chat: chat.messages.filter(token_count=10).update(token_count=14), 0, 4,
    ),
    "a deleted message": (lambda chat: chat.messages.filter(token_count=10).delete(), -1, -10),
}  # fmt: skip


@pytest.mark.claim(54)
@pytest.mark.parametrize("name", WRITES)
def test_numbers_cost_nothing_twice_and_are_right_after_a_write(api, chat, name):
    for _ in range(2):
        before = analytics(api, chat), summary(api)
        with CaptureQueriesContext(connection) as queries:
            assert (analytics(api, chat), summary(api)) == before
        assert len(queries) == 0
        memory.forget_everything()  # now from the shared cache
    write, messages, tokens = WRITES[name]
    write(chat)
    numbers, sums = analytics(api, chat), summary(api)
    assert numbers["message_count"] == before[0]["message_count"] + messages
    assert numbers["tokens"] == before[0]["tokens"] + tokens
    assert sums["messages"] == before[1]["messages"] + messages
    assert sum(week["tokens"] for week in sums["weeks"]) == 330 + tokens
