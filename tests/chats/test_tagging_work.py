"""From a question to its topics: after the reply, none forgotten, and teachers know better."""

import asyncio
import datetime as dt

import pytest
import time_machine
from asgiref.sync import sync_to_async
from kombu.exceptions import OperationalError

from chats import tasks
from chats.actions import Question, delete_chat, send_message
from chats.models import (
    Chat,
    ChatTopic,
    Message,
    MessageTopics,
    ReplyState,
    TopicCorrection,
)
from chats.providers.base import Usage
from chats.replies import store as replies
from chats.tagging import ask, work
from chats.tagging.tagger import Tags
from eduhu.db import now
from eduhu.switches.actions import set_switch
from eduhu.switches.state import forget
from tests.asgi import ask as ask_the_api
from tests.asgi import reply_engine
from tests.client import ApiClient
from tests.eduhu.test_isolation import token_for
from tests.factories import make_chat, make_teacher
from tests.fakes.ai_script import Script
from tests.fakes.ai_server import ai_server_in_thread

pytestmark = pytest.mark.django_db(transaction=True)

LETTER = "Schreibe einen Elternbrief"
SHEET = "Ein Arbeitsblatt, bitte"
VAGUE = "Und nun?"


@pytest.fixture(autouse=True)
def tagger(settings, monkeypatch):
    """A tagger that is quick, and sure of what it knows."""
    settings.TOPIC_TAGGING = "ai"
    known = {LETTER: ("parent_communication",), SHEET: ("worksheets", "assessment")}

    def tag(texts):
        return [
            Tags(known[text], 0.9, "model", "m1") if text in known
            else Tags(("other",), 0.3, "model", "m1")
            for text in texts
        ]  # fmt: skip

    monkeypatch.setattr(work, "tag", tag)


def asked(teacher, content=LETTER, chat=None, *, ends=True):
    """A question, with its reply or before it."""
    question = Question(content, chat_id=chat and chat.pk)
    reply = send_message(teacher=teacher, question=question)
    if ends:
        [job] = replies.claim("worker", 5)
        replies.finish(job, replies.Outcome(ReplyState.COMPLETE, "Gern.", Usage(1, 2), "stop"))
    return reply


def topics(reply):
    """The topics of question and answer, and that of the chat."""
    rows = Message.objects.filter(pk__in=[reply.user_message_id, reply.message_id])
    return [*rows.values_list("educational_topics", flat=True)], Chat.objects.get().topic_category


@pytest.mark.claim(23, 34, 86)
def test_a_question_gets_its_topics_after_the_reply(teacher):
    reply = asked(teacher, SHEET)
    assert topics(reply) == ([[], []], None)
    tasks.tag_messages()
    assert topics(reply) == ([["worksheets", "assessment"]] * 2, "worksheets")
    row, chat = MessageTopics.objects.get(), ChatTopic.objects.get()
    assert (row.due_at, row.source, row.confidence, row.version) == (None, "model", 0.9, "m1")
    assert (chat.topic, chat.source, chat.confidence, chat.version) == (
        "worksheets", "model", 0.9, "m1",
    )  # fmt: skip
    before = list(Chat.objects.values()), list(MessageTopics.objects.values())
    tasks.tag_messages()
    assert before == (list(Chat.objects.values()), list(MessageTopics.objects.values()))


def test_nothing_is_judged_while_its_reply_is_written(teacher):
    reply = asked(teacher, ends=False)
    tasks.tag_messages()
    assert topics(reply) == ([[]], None)


def test_off_is_off(teacher, settings):
    settings.TOPIC_TAGGING = "off"
    reply = asked(teacher)
    tasks.tag_messages()
    assert topics(reply) == ([[], []], None)


def test_the_chat_gets_the_topic_of_most_of_its_questions(teacher):
    reply = asked(teacher, VAGUE)
    chat = reply.chat
    tasks.tag_messages()
    assert topics(reply)[1] == "other"
    asked(teacher, LETTER, chat)
    tasks.tag_messages()
    assert topics(reply)[1] == "parent_communication"
    for content in (SHEET, SHEET):
        asked(teacher, content, chat)
    tasks.tag_messages()
    assert topics(reply)[1] == "worksheets"


def test_who_takes_questions_and_dies_leaves_them_to_the_next(teacher):
    reply = asked(teacher)
    assert len(work.take()) == 1
    tasks.tag_messages()
    assert topics(reply)[1] is None  # they are taken
    with time_machine.travel(now() + work.LEASE + dt.timedelta(seconds=1)):
        tasks.tag_messages()
    assert topics(reply)[1] == "parent_communication"


def test_one_that_cannot_be_stored_keeps_no_other_waiting(teacher, monkeypatch):
    bad, good = asked(teacher, LETTER), asked(teacher, SHEET)
    store = work.store

    def failing(judged):
        if any(waiting.message_id == bad.user_message_id for waiting, _tags in judged):
            raise ValueError
        store(judged)

    monkeypatch.setattr(work, "store", failing)
    tasks.tag_messages()
    stored = Message.objects.exclude(educational_topics=[]).values_list("chat_id", flat=True)
    assert set(stored) == {good.chat_id}


def test_two_at_once_and_a_second_time_do_no_harm(teacher):
    reply = asked(teacher)
    judged = [(each, Tags(("worksheets",), 0.9, "model", "m1")) for each in work.take()]
    work.store(judged)
    late = [(each, Tags(("assessment",), 0.9, "model", "m1")) for each, _tags in judged]
    work.store(late)
    assert topics(reply)[1] == "worksheets"


def test_what_has_topics_when_it_comes_does_not_wait(teacher):
    chat = make_chat(teacher)
    more = {"chat": chat, "content": "…", "educational_topics": ["assessment"]}
    Message.objects.create(role="user", **more)
    Message.objects.bulk_create([Message(role="assistant", chat=chat, content="…")])
    assert not MessageTopics.objects.exists()
    Message.objects.bulk_create(
        Message(role="user", chat=chat, content=text) for text in (LETTER, SHEET)
    )
    assert MessageTopics.objects.filter(due_at__isnull=False).count() == 2


def test_it_goes_with_its_chat_and_with_its_teacher(teacher):
    reply = asked(teacher)
    other = make_teacher()
    asked(other)
    tasks.tag_messages()
    assert (MessageTopics.objects.count(), ChatTopic.objects.count()) == (2, 2)
    delete_chat(teacher=teacher, chat_id=reply.chat_id)
    assert (MessageTopics.objects.count(), ChatTopic.objects.count()) == (1, 1)
    other.delete()
    assert (MessageTopics.objects.count(), ChatTopic.objects.count()) == (0, 0)


def test_what_is_cached_shows_the_topics_at_once(teacher):
    api, reply = ApiClient(teacher), asked(teacher)
    path = f"/api/chats/{reply.chat_id}"
    assert api.get(path).json()["topic_category"] is None
    assert api.get(f"{path}/messages").json()["results"][0]["educational_topics"] == []
    tasks.tag_messages()
    assert api.get(path).json()["topic_category"] == "parent_communication"
    shown = api.get(f"{path}/messages").json()["results"]
    assert [each["educational_topics"] for each in shown] == [["parent_communication"]] * 2
    counted = api.get(f"{path}/analytics").json()["topics"]
    assert counted == [{"topic": "parent_communication", "messages": 2}]


# Teachers know better


@pytest.mark.claim(23)
def test_a_topic_that_a_teacher_gave_a_chat_stays_and_counts(teacher):
    reply = asked(teacher)
    tasks.tag_messages()
    path = f"/api/chats/{reply.chat_id}"
    answer = ApiClient(teacher).send("PATCH", path, {"topic_category": "curriculum"})
    assert answer.json()["topic_category"] == "curriculum"
    for content in (SHEET, SHEET):
        asked(teacher, content, reply.chat)
    tasks.tag_messages()
    assert topics(reply)[1] == "curriculum"
    [number] = TopicCorrection.objects.values("said", "chosen", "source", "version", "number")
    assert number == {
        "said": "parent_communication", "chosen": "curriculum", "source": "model",
        "version": "m1", "number": 1,
    }  # fmt: skip


@pytest.mark.parametrize("topic", ["parent_communication", None])
def test_so_does_one_that_a_teacher_confirms_or_takes_away(teacher, topic):
    reply = asked(teacher)
    tasks.tag_messages()
    ApiClient(teacher).send("PATCH", f"/api/chats/{reply.chat_id}", {"topic_category": topic})
    for content in (SHEET, SHEET):
        asked(teacher, content, reply.chat)
    tasks.tag_messages()
    assert topics(reply)[1] == topic
    assert TopicCorrection.objects.count() == (topic is None)


def test_a_chat_that_came_with_a_topic_keeps_it(teacher):
    chat = make_chat(teacher, topic_category="special_needs")
    asked(teacher, LETTER, chat)
    tasks.tag_messages()
    chat.refresh_from_db()
    assert chat.topic_category == "special_needs"


def test_topics_that_a_teacher_gave_a_message_stay_and_count(teacher):
    reply = asked(teacher)
    tasks.tag_messages()
    path = f"/api/messages/{reply.user_message_id}"
    body = {"educational_topics": ["worksheets", "worksheets", "assessment"]}
    for _ in range(2):
        answer = ApiClient(teacher).send("PATCH", path, body)
        assert answer.status_code == 200
        assert answer.json()["educational_topics"] == ["worksheets", "assessment"]
    assert Chat.objects.get().topic_category == "worksheets"  # it follows its only question
    assert TopicCorrection.objects.get().number == 1
    row = MessageTopics.objects.get()
    assert (row.source, row.confidence, row.due_at) == ("teacher", 1.0, None)


def test_a_correction_comes_before_the_tagger(teacher):
    reply = asked(teacher)
    judged = [(each, Tags(("worksheets",), 0.9, "model", "m1")) for each in work.take()]
    path = f"/api/messages/{reply.user_message_id}"
    ApiClient(teacher).send("PATCH", path, {"educational_topics": ["assessment"]})
    work.store(judged)
    question = Message.objects.get(pk=reply.user_message_id)
    assert question.educational_topics == ["assessment"]
    assert not TopicCorrection.objects.exists()  # nothing had been said


@pytest.mark.parametrize("wrong", [["unknown"], "worksheets", None, ["other"] * 4, [1]])
def test_what_is_no_topic_is_refused(teacher, wrong):
    message = Message.objects.create(chat=make_chat(teacher), role="user", content="…")
    answer = ApiClient(teacher).send(
        "PATCH", f"/api/messages/{message.pk}", {"educational_topics": wrong}
    )
    assert answer.status_code == 400
    assert "educational_topics" in answer.json()["errors"]


def test_nobody_corrects_the_messages_of_others(teacher):
    message = Message.objects.create(chat=make_chat(make_teacher()), role="user", content="…")
    answer = ApiClient(teacher).send(
        "PATCH", f"/api/messages/{message.pk}", {"educational_topics": ["other"]}
    )
    assert answer.status_code == 404


# Who is asked when nobody here is sure


@pytest.fixture
def ai(settings):
    ask._breaker.cache_clear()
    with ai_server_in_thread() as server:
        settings.AI_BASE_URL, settings.AI_MODEL = server.url, "scripted"
        settings.AI_BREAKER_FAILURES, settings.TOPIC_AI_SECONDS = 2, 1.0
        yield server
    ask._breaker.cache_clear()


def answer(text):
    return Script(pieces=(text,))


def test_a_model_that_is_switched_off_is_not_asked_for_topics_either(teacher, ai):
    set_switch(name="model:scripted", is_on=False)
    forget()  # as in a process of Celery, which has not read the switches
    reply = asked(teacher, VAGUE)
    tasks.tag_messages()
    assert ai.requests == []
    assert MessageTopics.objects.get(message_id=reply.user_message_id).source == "model"


def test_where_nobody_is_sure_the_ai_service_is_asked_once(teacher, ai):
    ai.script = answer('```json\n{"topics": ["curriculum"], "confidence": "high"}\n```')
    replies_to = [asked(teacher, text) for text in (VAGUE, VAGUE, LETTER)]
    tasks.tag_messages()
    [request] = ai.requests
    assert request.body["response_format"]["json_schema"]["strict"] is True
    assert VAGUE in request.last_message["content"]
    rows = MessageTopics.objects.filter(message_id=replies_to[0].user_message_id)
    assert rows.values_list("source", "confidence", "version").get() == (
        "provider", 0.9, "scripted/1",
    )  # fmt: skip
    found = Message.objects.filter(role="user", content=VAGUE)
    assert set(map(tuple, found.values_list("educational_topics", flat=True))) == {("curriculum",)}


@pytest.mark.parametrize(
    "script",
    [
        answer("Gern!"),
        answer('{"topics": ["hacking"], "confidence": "high"}'),
        answer('{"topics": [], "confidence": "high"}'),
        answer('{"topics": ["curriculum"], "confidence": "low"}'),
        answer('{"topics": "curriculum"}'),
        answer('{"topics": [["curriculum"]], "confidence": "high"}'),
        answer("{not JSON}"),
        Script(fault="status_500"),
        Script(fault="status_400"),
        Script(fault="hang_before_first_byte"),
        Script(fault="cut_after_n_tokens"),
    ],
    ids=lambda script: script.fault if script.fault != "none" else script.pieces[0],
)
def test_whatever_it_answers_what_was_found_here_stands(ai, settings, script):
    settings.TOPIC_AI_SECONDS = 0.3
    ai.script = script
    [found] = work.judge([VAGUE])
    assert (found.topics, found.source) == (("other",), "model")
    assert 1 <= len(ai.requests) <= 2  # again without the schema, where that was refused


def test_a_service_that_is_down_is_left_alone(ai):
    ai.script = Script(fault="status_500")
    for number in range(6):
        work.judge([f"{VAGUE} {number}"])
    assert len(ai.requests) == 2


@pytest.mark.parametrize("change", [{"TOPIC_TAGGING": "local"}, {"AI_BASE_URL": ""}])
def test_nobody_is_asked_where_nobody_shall_be(ai, settings, change):
    for name, value in change.items():
        setattr(settings, name, value)
    assert work.judge([VAGUE])[0].source == "model"
    assert ai.requests == []


# Who wakes the tagger


async def test_the_end_of_a_reply_wakes_the_tagger_once(transactional_db, monkeypatch):
    told = []
    monkeypatch.setattr("chats.replies.worker._TOPICS_SECONDS", 0.05)
    monkeypatch.setattr("chats.replies.worker.wake_tagger", lambda: told.append(True))
    token = await sync_to_async(lambda: token_for(make_teacher()))()
    async with reply_engine():
        await ask_the_api("POST", "/api/chat", {"content": LETTER}, token=token)
        await until(lambda: told)
    assert told == [True]


async def until(is_so):
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 (a thread fills the list)
            await asyncio.sleep(0.01)


def test_without_a_broker_the_question_waits_for_the_sweep(monkeypatch, caplog):
    def refuse(**_how):
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.tag_messages, "apply_async", refuse)
    tasks.wake_tagger()
    assert "chats.tasks.tag_messages waits for its sweep" in caplog.text


def test_beat_sweeps(settings):
    assert settings.CELERY_BEAT_SCHEDULE["tag-messages"]["task"] == tasks.tag_messages.name
