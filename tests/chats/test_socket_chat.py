"""`ws/chats/{id}`: the same events as SSE, over a WebSocket."""

import asyncio
import time
import uuid
from itertools import pairwise
from statistics import median

import pytest
from websockets.exceptions import InvalidStatus

from tests.chats.conftest import ORIGIN
from tests.fakes.ai_script import Script
from tests.readers import text_of, until

STORY = "Es war 🐺 einmal 👩‍🏫 ein Bruch, der " * 4
ENDLESS = Script(fault="endless", delay=0.02)


async def refused(device, chat_id, **options):
    """The HTTP status that a socket is refused with."""
    with pytest.raises(InvalidStatus) as refusal:
        async with device.socket(chat_id, **options):
            pass
    return refusal.value.response.status_code


@pytest.mark.claim(78)
async def test_a_socket_carries_the_same_frames_as_sse_plus_next(ai, device):
    ai.script = Script.saying(STORY, delay=0.01)
    chat_id = await device.new_chat()
    async with device.socket(chat_id) as socket:
        assert socket.connection.subprotocol == "bearer"
        await socket.send({"type": "send", "content": "Hallo"})
        events = await socket.until("done", "error")
    meta, *contents, done = events
    assert meta.data["chat_id"] == chat_id
    assert text_of(contents) == STORY
    assert done.data["next"] == done.data["offset"] == len(STORY)

    over_sse = await (await device.follow(meta.data["reply_id"])).read()
    assert over_sse.meta == meta.data
    assert {**over_sse.ending.data, "next": len(STORY)} == done.data
    assert set(contents[0].data) == {"type", "content", "offset", "next"}
    assert await device.said(chat_id) == [("user", "Hallo"), ("assistant", STORY)]


async def test_frames_arrive_while_the_model_still_writes(ai, device):
    ai.script = Script(tokens=8, delay=0.1)
    async with device.socket(await device.new_chat()) as socket:
        await socket.send({"type": "send", "content": "Hallo"})
        times = [event.at for event in await socket.until("done") if event.type == "content"]
    assert times[-1] - times[0] > 0.6
    assert median(later - earlier for earlier, later in pairwise(times)) > 0.07


async def test_send_may_bring_its_own_message_id_and_model(ai, device):
    frame = {"type": "send", "content": "Hallo", "message_id": str(uuid.uuid4()), "model": "other"}
    async with device.socket(await device.new_chat()) as socket:
        await socket.send(frame)
        first = await socket.until("done")
        await socket.send(frame)
        again = await socket.until("done")
        other = await socket.ask({**frame, "content": "Etwas anderes"})
    assert first[0].data == again[0].data
    assert first[0].data["user_message_id"] == frame["message_id"]
    assert first[0].data["model"] == ai.requests[-1].body["model"] == "other"
    assert text_of(first) == text_of(again) == ai.script.text
    assert other["code"] == "id_taken"
    assert len(ai.requests) == 1


async def test_resume_on_a_new_socket_is_exact(ai, device):
    ai.script = Script.saying(STORY, delay=0.01)
    chat_id = await device.new_chat()
    async with device.socket(chat_id) as socket:
        await socket.send({"type": "send", "content": "Hallo"})
        seen = await socket.until("content")
    reply_id, position = seen[0].data["reply_id"], seen[-1].id
    for _live_then_ended in range(2):
        async with device.socket(chat_id) as socket:
            frame = {"type": "resume", "reply_id": reply_id, "offset": position}
            await socket.send(frame)
            rest = await socket.until("done")
        assert rest[0].data == seen[0].data
        assert text_of(seen) + text_of(rest, start=position) == STORY


async def test_two_sockets_read_the_same_reply(ai, device, sign_in):
    ai.script = Script.saying(STORY, delay=0.01)
    chat_id, phone = await device.new_chat(), await sign_in(device.token)
    async with device.socket(chat_id) as first:
        await first.send({"type": "send", "content": "Hallo"})
        begun = await first.until("content")
        async with phone.socket(chat_id) as second:
            await second.send({"type": "resume", "reply_id": begun[0].data["reply_id"]})
            rest, copy = await asyncio.gather(first.until("done"), second.until("done"))
    assert text_of([*begun, *rest]) == text_of(copy) == STORY


async def test_cancel_from_another_socket_keeps_what_was_said(ai, device, sign_in):
    ai.script = ENDLESS
    chat_id, phone = await device.new_chat(), await sign_in(device.token)
    async with device.socket(chat_id) as first, phone.socket(chat_id) as second:
        await first.send({"type": "send", "content": "Hallo"})
        events = await first.until("content")
        before = time.monotonic()
        await second.send({"type": "cancel", "reply_id": events[0].data["reply_id"]})
        events += await first.until("done")
        assert time.monotonic() - before < 1
    assert events[-1].data["finish_reason"] == "cancelled"
    assert await until(lambda: ai.requests[-1].left) - before < 1
    assert await device.said(chat_id) == [("user", "Hallo"), ("assistant", text_of(events))]


async def test_a_reply_goes_on_when_its_socket_closes(ai, device):
    ai.script = Script.saying(STORY, delay=0.01)
    chat_id = await device.new_chat()
    async with device.socket(chat_id) as socket:
        await socket.send({"type": "send", "content": "Hallo"})
        [meta, *_rest] = await socket.until("content")
    stream = await (await device.follow(meta.data["reply_id"])).read()
    assert stream.text == STORY


async def test_ping_is_answered_while_a_reply_streams(ai, device):
    ai.script = ENDLESS
    async with device.socket(await device.new_chat()) as socket:
        await socket.send({"type": "send", "content": "Hallo"})
        [meta, *_rest] = await socket.until("content")
        await socket.send({"type": "ping"})
        assert (await socket.until("pong"))[-1].data == {"type": "pong"}
        await socket.send({"type": "cancel", "reply_id": meta.data["reply_id"]})
        await socket.until("done")


async def test_errors_are_in_the_teachers_language(ai, device, sign_in):
    english = await sign_in(device.token)
    chat_id = await device.new_chat()
    headers = {"Accept-Language": "en-GB,en;q=0.9"}
    async with english.socket(chat_id, additional_headers=headers) as socket:
        assert "must not be empty" in (await socket.ask({"type": "send", "content": ""}))["error"]
    async with device.socket(chat_id) as socket:
        assert "nicht leer" in (await socket.ask({"type": "send", "content": ""}))["error"]


async def test_a_fault_of_the_provider_ends_in_an_error_and_the_socket_stays(ai, device):
    ai.script = Script(fault="error_event", delay=0.01)
    chat_id = await device.new_chat()
    async with device.socket(chat_id) as socket:
        await socket.send({"type": "send", "content": "Hallo"})
        events = await socket.until("done", "error")
        assert events[-1].data["code"] == "provider_unavailable"
        assert events[-1].data["next"] == len(text_of(events)) > 0
        ai.script = Script()
        await socket.send({"type": "send", "content": "Noch einmal"})
        assert (await socket.until("done", "error"))[-1].type == "done"


async def test_only_a_valid_token_as_subprotocol_opens_a_socket(device):
    chat_id = await device.new_chat()
    for offered in (
        ["bearer", "wrong"],
        ["bearer"],
        [device.token],
        [device.token, "bearer"],
        ["bearer", device.token, "x"],
        ["basic", device.token],
        None,
    ):
        assert await refused(device, chat_id, subprotocols=offered) == 403, offered
    header = {"Authorization": f"Bearer {device.token}"}
    assert await refused(device, chat_id, subprotocols=None, additional_headers=header) == 403
    async with device.socket(chat_id) as socket:
        assert (await socket.ask({"type": "ping"})) == {"type": "pong"}


async def test_a_token_that_was_revoked_opens_no_socket(device):
    chat_id = await device.new_chat()
    await device.call("POST", "/api/auth/logout")
    assert await refused(device, chat_id) == 403


async def test_foreign_deleted_and_unknown_chats_are_refused_alike(device, stranger_device):
    deleted = await device.new_chat()
    await device.call("DELETE", f"/api/chats/{deleted}")
    for chat_id in (await stranger_device.new_chat(), deleted, str(uuid.uuid4()), "none", "a/b"):
        assert await refused(device, chat_id) == 403


async def test_only_our_own_pages_and_allowed_ones_open_sockets(device):
    chat_id = await device.new_chat()
    host = device.url.removeprefix("http://")
    for allowed in (None, device.url, ORIGIN):
        async with device.socket(chat_id, origin=allowed) as socket:
            assert (await socket.ask({"type": "ping"})) == {"type": "pong"}
    for foreign in (
        "https://evil.example",
        f"{ORIGIN}.evil.example",
        f"http://{host}.evil.example",
        f"http://evil.example/{host}",
        f"http://{host}@evil.example",
        "http://127.0.0.1:1",
        "null",
        "file://",
    ):
        assert await refused(device, chat_id, origin=foreign) in {400, 403}, foreign
