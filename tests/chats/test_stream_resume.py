"""A reply outlives its connections: resumed, shared, left alone, stopped from elsewhere."""

import asyncio
import time
import uuid

import pytest

from tests.fakes.ai_script import Script
from tests.readers import text_of, until

STORY = "Es war 🐺 einmal 👩‍🏫 ein Bruch, der " * 6
ENDLESS = Script(fault="endless", delay=0.02)


def is_content(event):
    return event.type == "content"


async def begun(device, body="Hallo"):
    """A reply whose first text has arrived."""
    stream = await device.ask(body)
    await stream.until(is_content)
    return stream


async def resumed(device, stream, position):
    """Read on from `position`, and check that nothing is missing or doubled."""
    rest = await (await device.follow(stream.meta["reply_id"], position)).read()
    assert rest.status == 200
    assert rest.meta == stream.meta
    return text_of(rest.events, start=position), rest.ending


@pytest.mark.claim(78)
async def test_a_live_reply_is_resumed_to_the_character(ai, device):
    ai.script = Script.saying(STORY, delay=0.01)
    stream = await begun(device)
    positions = [0, 1, 7, stream.events[-1].id]
    rests = await asyncio.gather(*(resumed(device, stream, each) for each in positions))
    await stream.read()
    assert stream.text == STORY
    for position, (rest, ending) in zip(positions, rests, strict=True):
        assert rest == STORY[position:]
        assert (ending.id, ending.data) == (stream.ending.id, stream.ending.data)


@pytest.mark.claim(78)
async def test_an_ended_reply_is_resumed_to_the_character(ai, device):
    ai.script = Script.saying(STORY)
    stream = await (await device.ask("Hallo")).read()
    for position in (0, 1, 11, 12, len(STORY) - 1, len(STORY)):
        rest, ending = await resumed(device, stream, position)
        assert rest == STORY[position:]
        assert (ending.id, ending.data) == (stream.ending.id, stream.ending.data)


async def test_another_device_attaches_where_the_chat_says(ai, device, sign_in):
    ai.script = Script.saying(STORY, delay=0.01)
    stream = await begun(device)
    phone = await sign_in(device.token)
    live = None
    while not (live and live["text"]):
        live = (await phone.get(f"/api/chats/{stream.meta['chat_id']}"))["live_reply"]
    assert live["reply_id"] == stream.meta["reply_id"]
    assert live["message_id"] == stream.meta["message_id"]
    assert live["offset"] == len(live["text"])
    rest, _ending = await resumed(phone, stream, live["offset"])
    assert live["text"] + rest == STORY
    await stream.read()
    assert stream.text == STORY


@pytest.mark.claim(78)
async def test_a_reply_goes_on_when_its_only_reader_leaves(ai, device):
    ai.script = Script.saying(STORY, delay=0.01)
    stream = await begun(device)
    stream.close()
    rest, ending = await resumed(device, stream, 0)
    assert (rest, ending.data["finish_reason"]) == (STORY, "stop")
    assert await device.said(stream.meta["chat_id"]) == [("user", "Hallo"), ("assistant", STORY)]


async def test_a_reply_that_nobody_reads_is_stored_all_the_same(ai, device):
    ai.script = Script.saying(STORY, delay=0.002)
    stream = await begun(device)
    stream.close()
    chat_id, deadline = stream.meta["chat_id"], time.monotonic() + 10
    while len(messages := await device.messages(chat_id)) < 2:
        assert time.monotonic() < deadline
    assert messages[1]["content"] == STORY
    assert messages[1]["id"] == stream.meta["message_id"]


@pytest.mark.claim(78)
async def test_stop_from_another_device_ends_the_model_and_keeps_what_was_said(ai, device, sign_in):
    ai.script = ENDLESS
    stream = await begun(device)
    phone = await sign_in(device.token)
    watching = await phone.follow(stream.meta["reply_id"])
    await watching.until(is_content)
    before = time.monotonic()
    assert await phone.cancel(stream.meta["reply_id"]) == 202
    await asyncio.gather(stream.read(), watching.read())
    assert time.monotonic() - before < 1
    assert await until(lambda: ai.requests[-1].left) - before < 1
    for each in (stream, watching):
        assert each.ending.data["finish_reason"] == "cancelled"
        assert each.ending.id == len(each.text)
    _question, answer = await device.messages(stream.meta["chat_id"])
    assert answer["content"] == stream.text == watching.text != ""
    assert answer["token_count_estimated"] is True


async def test_stopping_may_be_repeated(ai, device, stranger_device):
    ai.script = ENDLESS
    stream = await begun(device)
    reply_id = stream.meta["reply_id"]
    assert await stranger_device.cancel(reply_id) == 404
    assert set(await asyncio.gather(*(device.cancel(reply_id) for _ in range(8)))) == {202}
    await stream.read()
    assert stream.ending.data["finish_reason"] == "cancelled"
    assert await device.cancel(reply_id) == 202
    rest, ending = await resumed(device, stream, 0)
    assert (rest, ending.data) == (stream.text, stream.ending.data)
    assert await device.cancel(str(uuid.uuid4())) == 404


async def test_stopping_an_ended_reply_changes_nothing(ai, device):
    stream = await (await device.ask("Hallo")).read()
    assert await device.cancel(stream.meta["reply_id"]) == 202
    _rest, ending = await resumed(device, stream, 0)
    assert ending.data == stream.ending.data


async def test_a_reply_stopped_before_its_first_word_leaves_no_message(ai, device):
    ai.script = Script(first_delay=5)
    stream = await device.ask("Hallo")
    await stream.next()
    await device.cancel(stream.meta["reply_id"])
    await stream.read()
    assert stream.ending.data["finish_reason"] == "cancelled"
    assert stream.ending.data["message_id"] is None
    assert stream.text == ""
    assert await device.said(stream.meta["chat_id"]) == [("user", "Hallo")]
    ai.script = Script()
    again = await device.ask({"chat_id": stream.meta["chat_id"], "content": "Noch einmal"})
    assert (await again.read()).ending.data["finish_reason"] == "stop"


async def test_deleting_a_chat_stops_its_reply(ai, device):
    ai.script = ENDLESS
    stream = await begun(device)
    before = time.monotonic()
    assert (await device.call("DELETE", f"/api/chats/{stream.meta['chat_id']}"))[0] == 204
    await stream.read()
    assert stream.ending.data["finish_reason"] == "cancelled"
    assert stream.text
    assert await until(lambda: ai.requests[-1].left) - before < 1
    assert (await device.follow(stream.meta["reply_id"])).status == 404
    assert (await device.get("/api/chats"))["results"] == []


@pytest.mark.parametrize("position", ["-1", "x", "1.5", "0x1", "1 2", "٣", "1e3", "9" * 40])
async def test_a_position_that_is_none_is_refused(ai, device, position):
    stream = await (await device.ask("Hallo")).read()
    refused = await device.follow(stream.meta["reply_id"], position)
    assert (refused.status, (await refused.problem())["code"]) == (400, "invalid_input")


async def test_a_position_beyond_the_end_is_refused(ai, device):
    ai.script = Script.saying(STORY, delay=0.005)
    live = await begun(device)
    beyond = await device.follow(live.meta["reply_id"], len(STORY) + 1)
    await live.read()
    await beyond.read()
    assert beyond.ending.data["code"] == "invalid_input"
    refused = await device.follow(live.meta["reply_id"], len(STORY) + 1)
    assert (refused.status, (await refused.problem())["code"]) == (400, "invalid_input")


async def test_replies_of_others_and_unknown_ones_answer_alike(ai, device, stranger_device):
    stream = await (await stranger_device.ask("Hallo")).read()
    answers = []
    for reply_id in (stream.meta["reply_id"], str(uuid.uuid4()), "none"):
        refused = await device.follow(reply_id)
        assert refused.status == 404
        answers.append({**await refused.problem(), "request_id": ""})
    assert answers[0] == answers[1] == answers[2]
