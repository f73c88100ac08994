"""Asking again and going on: what happens to a reply after it has ended."""

import pytest

from tests.fakes.ai_script import Script
from tests.readers import text_of

TEXT = "Ein Bruch ist ein Teil vom Ganzen, zum Beispiel ein Viertel."


async def cut_off(device, ai):
    """A reply that the teacher has stopped after its first words."""
    ai.script = Script.saying(TEXT, delay=0.05)
    stream = await device.ask("Was ist ein Bruch?")
    await stream.until(lambda event: event.type == "content")
    await device.cancel(stream.meta["reply_id"])
    return await stream.read()


async def test_a_retry_is_a_new_reply_and_a_new_message_to_the_same_question(device, ai):
    first = await cut_off(device, ai)
    ai.script = Script.saying(TEXT)
    again = await (await device.again(first.meta["reply_id"], "retry")).read()
    assert again.text == TEXT
    assert again.meta["user_message_id"] == first.meta["user_message_id"]
    assert again.meta["reply_id"] != first.meta["reply_id"]
    assert await device.said(first.meta["chat_id"]) == [
        ("user", "Was ist ein Bruch?"),
        ("assistant", first.text),
        ("assistant", TEXT),
    ]
    assert ai.requests[-1].body["messages"][-1]["content"] == "Was ist ein Bruch?"


async def test_going_on_keeps_reply_and_message_and_the_offset_goes_on(device, ai):
    first = await cut_off(device, ai)
    rest = TEXT.removeprefix(first.text)
    assert 0 < len(rest) < len(TEXT)
    ai.script = Script.saying(rest)
    position = {"Last-Event-ID": str(len(first.text))}
    more = await (await device.again(first.meta["reply_id"], "continue", **position)).read()
    assert more.meta == first.meta
    assert text_of(more.events, start=len(first.text)) == rest
    assert more.ending.data["finish_reason"] == "stop"
    said = await device.said(first.meta["chat_id"])
    assert said == [("user", "Was ist ein Bruch?"), ("assistant", TEXT)]
    whole = await (await device.follow(first.meta["reply_id"])).read()
    assert whole.text == TEXT


async def test_going_on_shows_the_service_what_is_there_already(device, ai):
    first = await cut_off(device, ai)
    ai.script = Script.saying("Rest")
    await (await device.again(first.meta["reply_id"], "continue")).read()
    *_, question, partial, go_on = ai.requests[-1].body["messages"]
    assert question == {"role": "user", "content": "Was ist ein Bruch?"}
    assert partial == {"role": "assistant", "content": first.text}
    assert go_on["role"] == "user"


async def test_going_on_adds_up_the_tokens_of_both_attempts(device, ai):
    first = await cut_off(device, ai)
    ai.script = Script.saying("Rest", prompt_tokens=20, completion_tokens=7)
    more = await (await device.again(first.meta["reply_id"], "continue")).read()
    before, after = first.ending.data["usage"], more.ending.data["usage"]
    assert after["prompt_tokens"] == before["prompt_tokens"] + 20
    assert after["completion_tokens"] == before["completion_tokens"] + 7
    counts = [each["token_count"] for each in await device.messages(first.meta["chat_id"])]
    assert counts == [after["prompt_tokens"], after["completion_tokens"]]


async def test_a_whole_reply_cannot_go_on(device, ai):
    stream = await (await device.ask("Was ist ein Bruch?")).read()
    refusal = await device.again(stream.meta["reply_id"], "continue")
    assert (refusal.status, (await refusal.problem())["code"]) == (409, "cannot_continue")


@pytest.mark.parametrize("verb", ["retry", "continue"])
async def test_a_live_reply_is_not_asked_again(device, ai, verb):
    ai.script = Script.saying(TEXT, delay=0.2)
    stream = await device.ask("Was ist ein Bruch?")
    await stream.until(lambda event: event.type == "content")
    refusal = await device.again(stream.meta["reply_id"], verb)
    assert refusal.status == 409
    assert (await refusal.problem())["reply_id"] == stream.meta["reply_id"]


@pytest.mark.parametrize("verb", ["retry", "continue"])
async def test_a_stranger_finds_no_reply_to_ask_again(device, ai, sign_in, verb):
    first = await cut_off(device, ai)
    stranger = await sign_in()
    refusal = await stranger.again(first.meta["reply_id"], verb)
    assert (refusal.status, (await refusal.problem())["code"]) == (404, "not_found")
    assert (await stranger.again("no-uuid", verb)).status == 404
