"""The reply worker: whatever happens to provider, database or worker, each reply ends once."""

import asyncio
import contextlib
import logging
import threading
import uuid

import pytest
from django.db import OperationalError

from chats.actions import Question, cancel_reply, delete_chat, send_message
from chats.models import Message, Reply, ReplyState
from chats.providers.base import Finish, Usage
from chats.replies import store
from chats.replies.log import MemoryReplyLog
from chats.replies.worker import ReplyWorker
from eduhu.errors import ProviderTimeout
from eduhu.threads import in_thread
from tests.factories import make_teacher
from tests.readers import until

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 10.0
HANG = object()


class Playing:
    """A provider that plays items: text, a Finish, an error to raise, or HANG."""

    name = "playing"
    is_demo = False

    def __init__(self, *items):
        self.items = items or ("Es war ", "einmal.", Finish("stop", Usage(11, 2)))
        self.prompts = []
        self.open = 0

    async def stream(self, prompt):
        self.prompts.append(prompt)
        self.open += 1
        try:
            for item in self.items:
                if item is HANG:
                    await asyncio.Event().wait()
                if isinstance(item, Exception):
                    raise item
                yield item
                await asyncio.sleep(0)
        finally:
            self.open -= 1


class Working:
    """A worker with its log on the loop of the test."""

    def __init__(self, provider):
        self.log = MemoryReplyLog(tick=0.01)
        self.worker = ReplyWorker(self.log, provider)
        self.task = asyncio.create_task(self.worker.run())

    async def stop(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.log.close()

    async def ask(self, teacher=None):
        """Queue a reply and wake the worker."""
        reply = await in_thread(ask)(teacher)
        self.worker.wake()
        return reply

    async def read(self, reply, offset=0):
        """The text and the ending of a reply, as a reader of the log sees them."""
        text = ""
        with self.log.reader(reply.pk, reply.attempt) as reader:
            while True:
                pieces, ending = await reader.after(offset + len(text), SECONDS)
                assert pieces or ending, "nothing came"
                text += "".join(piece.text for piece in pieces)
                if ending:
                    return text, ending

    async def begun(self, reply):
        """Wait for the first text of a reply."""
        with self.log.reader(reply.pk, reply.attempt) as reader:
            pieces, _ending = await reader.after(0, SECONDS)
        assert pieces


@contextlib.asynccontextmanager
async def working(provider):
    started = Working(provider)
    try:
        yield started
    finally:
        await started.stop()


def ask(teacher=None):
    teacher = teacher or make_teacher()
    return send_message(teacher=teacher, question=Question("Was ist ein Bruch?"))


async def row(reply):
    return await in_thread(Reply.objects.get)(pk=reply.pk)


async def answer(reply):
    return await in_thread(Message.objects.filter(pk=reply.message_id).first)()


async def until_row(reply, **wanted):
    """Wait until the row of a reply is so."""
    exists = in_thread(Reply.objects.filter(pk=reply.pk, **wanted).exists)
    async with asyncio.timeout(SECONDS):
        while not await exists():  # noqa: ASYNC110 (a row has no event)
            await asyncio.sleep(0.01)


async def test_a_queued_reply_is_written_stored_and_ended():
    async with working(Playing()) as at_work:
        reply = await at_work.ask()
        text, ending = await at_work.read(reply)
    assert text == "Es war einmal."
    assert ending.frame()["finish_reason"] == "stop"
    stored = await row(reply)
    assert (stored.state, stored.text, stored.completion_tokens) == ("complete", text, 2)
    assert (await answer(reply)).content == text


async def test_a_reply_nobody_told_of_is_found_by_the_sweep():
    reply = await in_thread(ask)()
    async with working(Playing()) as at_work:
        await at_work.read(reply)
        late = await in_thread(ask)()
        text, _ending = await at_work.read(late)
    assert text == "Es war einmal."


async def test_two_workers_write_every_reply_once():
    provider = Playing()
    async with working(provider) as first, working(provider) as second:
        replies = [await in_thread(ask)() for _ in range(12)]
        first.worker.wake()
        second.worker.wake()
        for reply in replies:
            await until_row(reply, state=ReplyState.COMPLETE)
    assert len(provider.prompts) == 12
    assert await in_thread(Message.objects.filter(role="assistant").count)() == 12


@pytest.mark.parametrize(
    ("items", "code"),
    [
        (("Es war ", ProviderTimeout()), "provider_timeout"),
        (("Es war ", ValueError("/srv/secret")), "server_error"),
        (("Es war ",), "provider_error"),
    ],
    ids=["its own error", "any error", "no finish"],
)
async def test_a_provider_that_fails_leaves_a_failed_reply_with_its_text(items, code):
    async with working(Playing(*items)) as at_work:
        reply = await at_work.ask()
        text, ending = await at_work.read(reply)
    assert (text, ending.error_code) == ("Es war ", code)
    stored = await row(reply)
    assert (stored.state, stored.error_code, stored.text) == ("failed", code, text)
    assert (await answer(reply)).content == text


async def test_an_empty_answer_is_a_failure_and_no_message():
    async with working(Playing(Finish("stop", Usage(11, 0)))) as at_work:
        reply = await at_work.ask()
        _text, ending = await at_work.read(reply)
    assert ending.error_code == "provider_error"
    assert await answer(reply) is None


async def test_text_is_checkpointed_while_it_is_written():
    async with working(Playing("Es war ", HANG)) as at_work:
        reply = await at_work.ask()
        await until_row(reply, state=ReplyState.STREAMING, text="Es war ")


async def test_a_worker_that_stops_keeps_the_whole_text_and_closes_the_provider():
    provider = Playing("Es war ", "einmal ", HANG)
    async with working(provider) as at_work:
        reply = await at_work.ask()
        await at_work.begun(reply)
        reading = asyncio.create_task(at_work.read(reply))
        await at_work.stop()
        text, ending = await reading
    assert ending.error_code == "reply_interrupted"
    stored = await row(reply)
    assert (stored.state, stored.text) == ("interrupted", text)
    assert (await answer(reply)).content == text
    assert stored.usage_estimated
    assert provider.open == 0


async def test_stop_ends_a_reply_that_hangs():
    provider = Playing("Es war ", HANG)
    async with working(provider) as at_work:
        reply = await at_work.ask()
        await at_work.begun(reply)
        await in_thread(cancel_reply)(teacher=reply.teacher, reply_id=reply.pk)
        at_work.worker.request_stop(reply.pk)
        text, ending = await at_work.read(reply)
        assert provider.open == 0
    assert (text, ending.finish_reason) == ("Es war ", "cancelled")
    assert (await row(reply)).state == ReplyState.CANCELLED


async def test_a_stop_nobody_told_of_is_found_by_the_heartbeat():
    async with working(Playing("Es war ", HANG)) as at_work:
        reply = await at_work.ask()
        await at_work.begun(reply)
        await in_thread(cancel_reply)(teacher=reply.teacher, reply_id=reply.pk)
        _text, ending = await at_work.read(reply)
    assert ending.finish_reason == "cancelled"


async def test_a_stop_while_the_answer_is_being_stored_comes_too_late(monkeypatch):
    storing, go_on, finish = threading.Event(), threading.Event(), store.finish

    def slow_finish(job, outcome):
        storing.set()
        go_on.wait(SECONDS)
        return finish(job, outcome)

    monkeypatch.setattr(store, "finish", slow_finish)
    async with working(Playing()) as at_work:
        reply = await at_work.ask()
        await until(storing.is_set)
        for _ in range(3):
            at_work.worker.request_stop(reply.pk)
            await asyncio.sleep(0)
        go_on.set()
        text, ending = await at_work.read(reply)
    assert (text, ending.finish_reason) == ("Es war einmal.", "stop")
    assert (await row(reply)).state == ReplyState.COMPLETE


async def test_a_stop_before_the_first_step_ends_the_reply_all_the_same():
    provider = Playing("Es war ", HANG)
    async with working(provider) as at_work:
        reply = await at_work.ask()
        await until(lambda: reply.pk in at_work.worker._running)
        at_work.worker.request_stop(reply.pk)
        _text, ending = await at_work.read(reply)
    assert ending.finish_reason == "cancelled"
    assert provider.open == 0


async def test_a_stop_while_the_reply_is_being_claimed_ends_it_before_its_first_word(monkeypatch):
    claimed, go_on, claim = threading.Event(), threading.Event(), store.claim

    def slow_claim(*args):
        if jobs := claim(*args):
            claimed.set()
            go_on.wait(SECONDS)
        return jobs

    monkeypatch.setattr(store, "claim", slow_claim)
    provider = Playing()
    async with working(provider) as at_work:
        reply = await at_work.ask()
        await until(claimed.is_set)
        await in_thread(cancel_reply)(teacher=reply.teacher, reply_id=reply.pk)
        at_work.worker.request_stop(reply.pk)
        go_on.set()
        text, ending = await at_work.read(reply)
    assert (text, ending.finish_reason, provider.prompts) == ("", "cancelled", [])


async def test_a_worker_that_lost_a_reply_stops_writing_it_and_changes_nothing():
    provider = Playing("Es war ", HANG)
    async with working(provider) as at_work:
        reply = await at_work.ask()
        await until_row(reply, text="Es war ")
        mine = Reply.objects.filter(pk=reply.pk)
        taken_over = {"worker": "another", "text": "Es", "state": "interrupted"}
        await in_thread(mine.update)(**taken_over, error_code="reply_interrupted")
        text, ending = await at_work.read(reply)
        await until(lambda: provider.open == 0)
    assert text == "Es war "
    assert ending.error_code == "reply_interrupted"
    stored = await row(reply)
    assert (stored.text, stored.worker) == ("Es", "another")
    assert await answer(reply) is None


async def test_a_chat_deleted_in_the_middle_ends_its_reply_quietly(caplog):
    provider = Playing("Es war ", HANG)
    with caplog.at_level(logging.INFO):
        async with working(provider) as at_work:
            reply = await at_work.ask()
            await at_work.begun(reply)
            await in_thread(delete_chat)(teacher=reply.teacher, chat_id=reply.chat_id)
            text, ending = await at_work.read(reply)
    assert (text, ending.finish_reason, ending.offset) == ("Es war ", "cancelled", 7)
    assert provider.open == 0
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert not await in_thread(Message.objects.exists)()


async def test_an_answer_survives_a_database_that_is_away_for_a_moment(monkeypatch):
    finish, failures = store.finish, [OperationalError("gone"), OperationalError("gone")]

    def unreliable(job, outcome):
        if failures:
            raise failures.pop()
        return finish(job, outcome)

    monkeypatch.setattr(store, "finish", unreliable)
    monkeypatch.setattr("chats.replies.worker._FINISH_RETRY_SECONDS", (0.01, 0.01, 0.01))
    async with working(Playing()) as at_work:
        reply = await at_work.ask()
        text, ending = await at_work.read(reply)
    assert ending.finish_reason == "stop"
    assert (await answer(reply)).content == text


async def test_loops_survive_a_database_that_is_away(monkeypatch):
    claim, failures = store.claim, [OperationalError("gone")] * 3

    def unreliable(*args):
        if failures:
            raise failures.pop()
        return claim(*args)

    monkeypatch.setattr(store, "claim", unreliable)
    async with working(Playing()) as at_work:
        reply = await at_work.ask()
        _text, ending = await at_work.read(reply)
    assert ending.finish_reason == "stop"


async def test_the_replies_of_a_dead_worker_are_ended_by_a_living_one():
    reply = await in_thread(ask)()
    await in_thread(store.claim)("dead", 1)
    await in_thread(store.checkpoint)("dead", {reply.pk: "Es war "})
    async with working(Playing()) as at_work:
        await until_row(reply, state=ReplyState.INTERRUPTED)
        _rest, ending = await at_work.read(reply, offset=7)
    assert ending.error_code == "reply_interrupted"
    assert (await answer(reply)).content == "Es war "


async def test_no_more_replies_at_once_than_the_setting_says(settings):
    settings.REPLY_CONCURRENCY = 2
    provider = Playing("Es war ", HANG)
    async with working(provider) as at_work:
        replies = [await at_work.ask() for _ in range(3)]
        await until_row(replies[1], state=ReplyState.STREAMING)
        at_work.worker.wake()
        await until(lambda: provider.open == 2)
        assert (await row(replies[2])).state == ReplyState.QUEUED
        at_work.worker.request_stop(replies[0].pk)
        await until_row(replies[2], state=ReplyState.STREAMING)


async def test_stopping_an_unknown_reply_does_nothing():
    async with working(Playing()) as at_work:
        at_work.worker.request_stop(uuid.uuid4())
        reply = await at_work.ask()
        _text, ending = await at_work.read(reply)
    assert ending.finish_reason == "stop"
