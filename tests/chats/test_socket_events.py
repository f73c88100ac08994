"""What the other devices of a teacher see, without asking."""

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.fakes.ai_script import Script
from tests.readers import SECONDS, Socket, SocketOpening, text_of


def events_socket(device) -> SocketOpening:
    """`ws/events` of a device's teacher."""
    opening = device.socket("any")
    opening._connecting = connect(
        f"{device.url.replace('http', 'ws', 1)}/ws/events",
        proxy=None, open_timeout=SECONDS, subprotocols=["bearer", device.token],
    )  # fmt: skip
    return opening


async def ready(socket: Socket) -> Socket:
    assert (await socket.receive()).type == "ready"
    return socket


@pytest.mark.claim(6)
async def test_changes_reach_the_teachers_other_device_with_the_row_as_it_is(device):
    async with events_socket(device) as socket:
        await ready(socket)
        chat_id = await device.new_chat()
        created = await socket.receive()
        await device.call("PATCH", f"/api/chats/{chat_id}", {"title": "Optik"})
        renamed = await socket.receive()
        await device.call("DELETE", f"/api/chats/{chat_id}")
        deleted = await socket.receive()
    assert (created.type, created.data["table"]) == ("changed", "chats")
    assert renamed.data["row"]["title"] == "Optik"
    assert (deleted.type, deleted.data["id"]) == ("deleted", chat_id)
    assert [each.data["seq"] for each in (created, renamed, deleted)] == [1, 2, 3]


async def test_preferences_and_artifacts_are_told_and_an_artifact_that_goes_with_its_chat(device):
    chat_id = await device.new_chat()
    async with events_socket(device) as socket:
        await ready(socket)
        await device.call("PATCH", "/api/preferences", {"grade_level": "8"})
        assert (await socket.receive()).data["row"]["grade_level"] == "8"
        artifact = {"title": "AB", "content": "x", "artifact_type": "worksheet", "chat_id": chat_id}
        await device.call("POST", "/api/artifacts", artifact)
        assert (await socket.receive()).data["row"]["title"] == "AB"
        await device.call("DELETE", f"/api/chats/{chat_id}")
        gone = [await socket.receive(), await socket.receive()]
    assert {each.data["table"] for each in gone} == {"chats", "artifacts"}
    assert {each.type for each in gone} == {"deleted"}


@pytest.mark.claim(6)
async def test_a_stranger_hears_nothing(device, sign_in):
    stranger = await sign_in()
    async with events_socket(stranger) as socket:
        await ready(socket)
        await device.new_chat()
        await stranger.new_chat()
        own = await socket.receive()
        assert own.data["seq"] == 1
        assert (await socket.ask({"type": "ping"}))["type"] == "pong"


async def test_the_other_device_on_a_chat_sees_question_and_reply_once(device, ai):
    ai.script = Script.saying("Ein Viertel ist die Hälfte der Hälfte.", delay=0.02)
    chat_id = await device.new_chat()
    async with device.socket(chat_id) as first, device.socket(chat_id) as second:
        await first.send({"type": "send", "content": "Was ist ein Viertel?"})
        own = await first.until("done")
        other = await second.until("done")
        for socket in (first, second):
            assert (await socket.ask({"type": "ping"}))["type"] == "pong"
    assert [each.type for each in own[:2]] == ["meta", "content"]
    assert other[0].data["message"]["content"] == "Was ist ein Viertel?"
    assert other[1].data == own[0].data
    assert text_of(own) == text_of(other) == "Ein Viertel ist die Hälfte der Hälfte."


async def test_what_is_asked_over_sse_is_seen_on_the_socket(device, ai):
    ai.script = Script.saying("Ein Viertel.")
    chat_id = await device.new_chat()
    async with device.socket(chat_id) as socket:
        await (await device.ask({"chat_id": chat_id, "content": "Hm?"})).read()
        seen = await socket.until("done")
    assert [each.type for each in seen[:2]] == ["message", "meta"]
    assert text_of(seen) == "Ein Viertel."


async def test_signing_out_everywhere_closes_the_sockets(sign_in, ai):
    device = await sign_in()
    chat_id = await device.new_chat()
    async with events_socket(device) as socket, device.socket(chat_id) as chat:
        await ready(socket)
        await device.call("POST", "/api/auth/logout-all")
        for each in (socket, chat):
            with pytest.raises(ConnectionClosed) as closed:
                await each.receive()
            assert closed.value.rcvd.code == 4401


@pytest.mark.parametrize("frame", ["no json", [1], {"type": "send", "content": "x"}, b"\xff"])
async def test_bad_frames_get_an_error_and_the_socket_stays_open(device, frame):
    async with events_socket(device) as socket:
        await ready(socket)
        raw = frame if isinstance(frame, str | bytes) else json.dumps(frame)
        answer = await socket.ask(raw)
        assert (answer["type"], bool(answer["code"])) == ("error", True)
        assert (await socket.ask({"type": "ping"}))["type"] == "pong"
