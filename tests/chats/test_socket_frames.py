"""Bad frames on a socket: each is answered with an error, and the socket stays open."""

import pytest
from websockets.exceptions import ConnectionClosedError

from tests.fakes.ai_script import Script

MEGABYTE = 1024 * 1024
ID = "01890a5d-ac96-774b-bcce-b302099a8057"
BAD_FRAMES = [
    ("", "malformed_body"),
    ("not json", "malformed_body"),
    ("{", "malformed_body"),
    ("[]", "malformed_body"),
    ('["send"]', "malformed_body"),
    ('"send"', "malformed_body"),
    ("null", "malformed_body"),
    ("7", "malformed_body"),
    ('{"type": "send", "content": "\\ud83d"}', "malformed_body"),
    ('{"type": "send", "content": "a\\u0000b"}', "invalid_input"),
    (b"\x00\xff\xfe", "malformed_body"),
    (b"", "malformed_body"),
    ({}, "invalid_input"),
    ({"type": None}, "invalid_input"),
    ({"type": ["send"]}, "invalid_input"),
    ({"type": "Send"}, "invalid_input"),
    ({"type": "generate"}, "invalid_input"),
    ({"type": "send"}, "empty_message"),
    ({"type": "send", "content": ""}, "empty_message"),
    ({"type": "send", "content": " \n"}, "empty_message"),
    ({"type": "send", "content": 7}, "invalid_input"),
    ({"type": "send", "content": {"a": 1}}, "invalid_input"),
    ({"type": "send", "content": "x" * 100_001}, "message_too_long"),
    ({"type": "send", "content": "x" * 1_000_000}, "message_too_long"),
    ({"type": "send", "content": "Hallo", "model": "gpt-9"}, "model_not_allowed"),
    ({"type": "send", "content": "Hallo", "message_id": "x"}, "invalid_input"),
    ({"type": "send", "messages": [{"role": "assistant", "content": "Ja"}]}, "invalid_input"),
    ({"type": "cancel"}, "invalid_input"),
    ({"type": "cancel", "reply_id": "x"}, "invalid_input"),
    ({"type": "cancel", "reply_id": 7}, "invalid_input"),
    ({"type": "cancel", "reply_id": ID}, "not_found"),
    ({"type": "resume"}, "invalid_input"),
    ({"type": "resume", "reply_id": ["x"]}, "invalid_input"),
    ({"type": "resume", "reply_id": ID, "offset": 0}, "not_found"),
]
BAD_OFFSETS = [-1, "x", "", 1.5, True, None, [], {}, 10**12, "٣"]


@pytest.mark.claim(80)
async def test_bad_frames_are_answered_and_the_socket_stays_open(ai, device):
    chat_id = await device.new_chat()
    async with device.socket(chat_id) as socket:
        for frame, code in BAD_FRAMES:
            answer = await socket.ask(frame)
            assert (answer["type"], answer["code"]) == ("error", code), str(frame)[:80]
            assert answer["error"]
            assert answer["request_id"]
        await socket.send({"type": "send", "content": "Hallo"})
        assert (await socket.until("done", "error"))[-1].type == "done"
    assert [role for role, _ in await device.said(chat_id)] == ["user", "assistant"]


async def test_bad_positions_are_refused(ai, device):
    chat_id = await device.new_chat()
    async with device.socket(chat_id) as socket:
        await socket.send({"type": "send", "content": "Hallo"})
        [meta, *_contents, done] = await socket.until("done")
        frame = {"type": "resume", "reply_id": meta.data["reply_id"]}
        for offset in (*BAD_OFFSETS, done.id + 1):
            answer = await socket.ask({**frame, "offset": offset})
            assert (answer["type"], answer["code"]) == ("error", "invalid_input"), offset
        await socket.send({**frame, "offset": done.id})
        assert [event.type for event in await socket.until("done")] == ["meta", "done"]


async def test_replies_of_others_and_of_other_chats_are_unknown(ai, device, stranger_device):
    theirs = await (await stranger_device.ask("Hallo")).read()
    ai.script = Script(fault="endless", delay=0.02)
    elsewhere = await device.ask("Hallo")
    await elsewhere.until(lambda event: event.type == "content")
    async with device.socket(await device.new_chat()) as socket:
        for reply_id in (theirs.meta["reply_id"], elsewhere.meta["reply_id"]):
            for kind in ("cancel", "resume"):
                answer = await socket.ask({"type": kind, "reply_id": reply_id})
                assert (answer["type"], answer["code"]) == ("error", "not_found")
    assert await elsewhere.next() is not None
    await device.cancel(elsewhere.meta["reply_id"])
    await elsewhere.read()
    assert elsewhere.ending.data["finish_reason"] == "cancelled"


async def test_a_socket_speaks_for_its_own_chat_only(ai, device):
    chat_id, other = await device.new_chat(), await device.new_chat()
    async with device.socket(chat_id) as socket:
        await socket.send({"type": "send", "content": "Hallo", "chat_id": other})
        await socket.until("done")
    assert len(await device.messages(chat_id)) == 2
    assert await device.messages(other) == []


async def test_a_second_question_is_told_of_the_reply_in_progress(ai, device):
    ai.script = Script(fault="endless", delay=0.02)
    async with device.socket(await device.new_chat()) as socket:
        await socket.send({"type": "send", "content": "Hallo"})
        [meta, *_rest] = await socket.until("content")
        await socket.send({"type": "send", "content": "Und?"})
        error = (await socket.until("error"))[-1].data
        assert error["code"] == "reply_in_progress"
        assert error["reply_id"] == meta.data["reply_id"]
        await socket.send({"type": "cancel", "reply_id": error["reply_id"]})
        await socket.until("done")


async def test_a_frame_beyond_the_cap_closes_only_that_socket(ai, device):
    chat_id = await device.new_chat()
    async with device.socket(chat_id) as socket, device.socket(chat_id) as other:
        with pytest.raises(ConnectionClosedError):
            await socket.ask({"type": "send", "content": "x" * 2 * MEGABYTE})
        assert await other.ask({"type": "ping"}) == {"type": "pong"}
    assert await device.messages(chat_id) == []
