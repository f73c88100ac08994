"""What `/api/chat` accepts and refuses, and what a refusal leaves behind: nothing."""

import asyncio
import json
import uuid

import pytest

from tests.fakes.ai_script import Script
from tests.live import LiveServer
from tests.readers import Device

MEGABYTE = 1024 * 1024


async def ask(device, body):
    stream = await (await device.ask(body)).read()
    assert stream.types == ["meta", "content", "done"], stream.events
    return stream


async def refusal(device, body, **headers):
    """The status and code of a refused question, in an error of the promised form."""
    stream = await device.ask(body, **headers)
    problem = await stream.problem()
    assert problem["status"] == stream.status
    assert problem["error"] == problem["detail"] != ""
    assert problem["request_id"] == stream.headers["X-Request-ID"]
    return stream.status, problem["code"]


async def test_with_a_chat_id_the_last_message_joins_that_chat(ai, device):
    chat_id = await device.new_chat()
    ai.script = Script.saying("Gern.")
    turns = [
        {"role": "user", "content": "nie gesagt"},
        {"role": "assistant", "content": "nie geantwortet"},
        {"role": "user", "content": "Gesagt"},
    ]
    stream = await ask(device, {"chat_id": chat_id, "messages": turns})
    assert stream.meta["chat_id"] == chat_id
    assert await device.said(chat_id) == [("user", "Gesagt"), ("assistant", "Gern.")]
    assert "nie" not in json.dumps(ai.requests[-1].body)


@pytest.mark.claim(29)
async def test_without_a_chat_id_earlier_turns_are_context_and_never_stored(ai, device):
    turns = [
        {"role": "system", "content": "Antworte kurz."},
        {"role": "user", "content": "Frage eins"},
        {"role": "assistant", "content": "Das habe ich nie gesagt."},
        {"role": "user", "content": "Frage zwei"},
    ]
    stream = await ask(device, {"messages": turns})
    assert ai.requests[-1].body["messages"][1:] == turns
    assert await device.said(stream.meta["chat_id"]) == [
        ("user", "Frage zwei"),
        ("assistant", stream.text),
    ]
    assert len((await device.get("/api/chats"))["results"]) == 1


async def test_context_that_was_not_stored_is_not_in_the_next_prompt(ai, device):
    turns = [{"role": "user", "content": "vorher"}, {"role": "user", "content": "Frage"}]
    stream = await ask(device, {"messages": turns})
    await ask(device, {"chat_id": stream.meta["chat_id"], "content": "Weiter"})
    contents = [turn["content"] for turn in ai.requests[-1].body["messages"][1:]]
    assert contents == ["Frage", stream.text, "Weiter"]


@pytest.mark.parametrize("has_ended", [False, True])
async def test_a_repeated_message_id_gives_the_same_reply_from_its_beginning(ai, device, has_ended):
    ai.script = Script(tokens=10, delay=0.05)
    body = {"content": "Hallo", "message_id": str(uuid.uuid4())}
    first = await device.ask(body)
    await (first.read() if has_ended else first.until(lambda event: event.type == "content"))
    again = await ask(device, body)
    await first.read()
    assert again.meta == first.meta
    assert again.meta["user_message_id"] == body["message_id"]
    assert again.text == first.text == ai.script.text
    assert len(ai.requests) == 1
    assert len(await device.messages(first.meta["chat_id"])) == 2


async def test_the_same_message_at_the_same_moment_is_one_reply(ai, device):
    ai.script = Script(tokens=3, delay=0.05)
    body = {"content": "Hallo", "message_id": str(uuid.uuid4())}
    streams = await asyncio.gather(*(device.ask(body) for _ in range(4)))
    for stream in streams:
        await stream.read()
    assert {stream.status for stream in streams} == {200}
    assert len({stream.meta["reply_id"] for stream in streams}) == 1
    assert len((await device.get("/api/chats"))["results"]) == 1


async def test_a_message_id_in_use_is_refused_for_anything_else(device, stranger_device):
    body = {"content": "Hallo", "message_id": str(uuid.uuid4())}
    stream = await ask(device, body)
    chat_id = await device.new_chat()
    answer_id = stream.meta["message_id"]
    for other in (
        {**body, "content": "Etwas anderes"},
        {**body, "chat_id": chat_id},
        {**body, "message_id": answer_id},
        {"content": stream.text, "message_id": answer_id},
    ):
        assert await refusal(device, other) == (409, "id_taken")
    assert await refusal(stranger_device, body) == (409, "id_taken")
    assert await device.messages(chat_id) == []
    assert (await stranger_device.get("/api/chats"))["results"] == []


async def test_one_live_reply_per_chat_and_the_refusal_names_it(ai, device):
    ai.script = Script(fault="endless", delay=0.02)
    stream = await device.ask("Hallo")
    await stream.until(lambda event: event.type == "content")
    second = await device.ask({"chat_id": stream.meta["chat_id"], "content": "Und?"})
    problem = await second.problem()
    assert (second.status, problem["code"]) == (409, "reply_in_progress")
    assert problem["reply_id"] == stream.meta["reply_id"]
    assert len(await device.messages(stream.meta["chat_id"])) == 1
    await device.cancel(stream.meta["reply_id"])


async def test_live_replies_are_limited_for_each_teacher(ai, device, stranger_device):
    ai.queue.extend([Script(fault="endless", delay=0.02)] * 2)
    running = [await device.ask("Hallo"), await device.ask("Hallo")]
    for stream in running:
        await stream.until(lambda event: event.type == "content")
    third = await device.ask("Hallo")
    assert third.status == 429
    assert (await third.problem())["code"] == "too_many_replies"
    assert int(third.headers["Retry-After"]) >= 1
    assert len((await device.get("/api/chats"))["results"]) == 2
    await ask(stranger_device, "Hallo")
    await device.cancel(running[0].meta["reply_id"])
    await running[0].read()
    await ask(device, "Jetzt aber")
    await device.cancel(running[1].meta["reply_id"])


async def test_foreign_deleted_and_unknown_chats_answer_alike(ai, device, stranger_device):
    foreign, deleted = await stranger_device.new_chat(), await device.new_chat()
    await device.call("DELETE", f"/api/chats/{deleted}")
    answers = []
    for chat_id in (foreign, deleted, str(uuid.uuid4())):
        stream = await device.ask({"chat_id": chat_id, "content": "Hallo"})
        answers.append({**await stream.problem(), "request_id": ""})
    assert answers[0]["code"] == "not_found"
    assert answers[0] == answers[1] == answers[2]
    assert await stranger_device.messages(foreign) == []
    assert ai.requests == []


USER = {"role": "user", "content": "Hallo"}
BAD_BODIES = [
    (b"", 400, "malformed_body"),
    (b"{", 400, "malformed_body"),
    (b"content=Hallo", 400, "malformed_body"),
    (b'{"content": NaN}', 400, "malformed_body"),
    (b'{"content": "\xff"}', 400, "malformed_body"),
    (b'{"content": "\\ud83d"}', 400, "malformed_body"),
    (b'["Hallo"]', 400, "malformed_body"),
    (b"null", 400, "malformed_body"),
    (b'{"content": "a\\u0000b"}', 400, "invalid_input"),
    ({}, 400, "empty_message"),
    ({"content": ""}, 400, "empty_message"),
    ({"content": " \n\t "}, 400, "empty_message"),
    ({"content": None}, 400, "empty_message"),
    ({"content": 7}, 400, "invalid_input"),
    ({"content": ["Hallo"]}, 400, "invalid_input"),
    ({"content": "x" * 100_001}, 413, "message_too_long"),
    ({"content": "ü" * 100_001}, 413, "message_too_long"),
    ({"messages": []}, 400, "invalid_input"),
    ({"messages": None}, 400, "invalid_input"),
    ({"messages": "Hallo"}, 400, "invalid_input"),
    ({"messages": ["Hallo"]}, 400, "invalid_input"),
    ({"messages": [USER] * 501}, 400, "invalid_input"),
    ({"messages": [{"content": "Hallo"}]}, 400, "invalid_input"),
    ({"messages": [{"role": "user"}]}, 400, "empty_message"),
    ({"messages": [{**USER, "content": " "}]}, 400, "empty_message"),
    ({"messages": [{**USER, "role": "teacher"}]}, 400, "invalid_input"),
    ({"messages": [{**USER, "role": ["user"]}]}, 400, "invalid_input"),
    ({"messages": [{**USER, "role": "assistant"}]}, 400, "invalid_input"),
    ({"messages": [{**USER, "role": "system"}]}, 400, "invalid_input"),
    ({"messages": [{**USER, "content": "x" * 100_001}, USER]}, 413, "message_too_long"),
    ({**USER, "chat_id": "none"}, 400, "invalid_input"),
    ({**USER, "chat_id": 7}, 400, "invalid_input"),
    ({**USER, "message_id": "7"}, 400, "invalid_input"),
    ({**USER, "model": 7}, 400, "invalid_input"),
    ({**USER, "model": "gpt-9"}, 400, "model_not_allowed"),
    (b'{"content": "' + b"x" * 10 * MEGABYTE + b'"}', 413, "payload_too_large"),
]


@pytest.mark.claim(80)
async def test_bad_input_is_refused_with_a_code_and_nothing_is_stored(ai, device):
    for body, status, code in BAD_BODIES:
        assert await refusal(device, body) == (status, code), str(body)[:80]
    assert (await device.get("/api/chats"))["results"] == []
    assert ai.requests == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "nonsense"])
async def test_a_body_that_does_not_call_itself_json_is_refused(device, kind):
    answer = await refusal(device, b'{"content": "Hallo"}', **{"Content-Type": kind})
    assert answer == (415, "unsupported_media_type")


async def test_json_with_a_charset_is_json(device):
    header = {"Content-Type": "Application/JSON; charset=utf-8"}
    stream = await (await device.ask(b'{"content": "Hallo"}', **header)).read()
    assert stream.ending.data["finish_reason"] == "stop"


@pytest.mark.claim(29)
async def test_a_client_cannot_speak_as_the_assistant(ai, device):
    chat_id = await device.new_chat()
    for role in ("assistant", "system"):
        turn = {"role": role, "content": "So ist es."}
        body = {"chat_id": chat_id, "messages": [turn]}
        assert await refusal(device, body) == (400, "invalid_input")
        status, _ = await device.call("POST", f"/api/chats/{chat_id}/messages", turn)
        assert status == 405
    await ask(device, {"chat_id": chat_id, "role": "assistant", "content": "Hallo"})
    assert [role for role, _ in await device.said(chat_id)] == ["user", "assistant"]


@pytest.mark.parametrize("token", ["", "wrong", "ü", "x" * 10_000])
async def test_without_a_valid_token_nothing_is_asked(ai, sign_in, token):
    device = await sign_in("any", Authorization=f"Bearer {token}".encode().decode("latin-1"))
    stream = await device.ask("Hallo")
    assert (stream.status, (await stream.problem())["code"]) == (401, "not_authenticated")
    assert stream.headers["WWW-Authenticate"] == "Bearer"
    assert ai.requests == []


@pytest.mark.claim(79)
async def test_the_31st_question_waits_over_both_doors_and_others_do_not(
    ai, device, stranger_device
):
    chat_id = await device.new_chat()
    body = {"chat_id": chat_id, "content": "Hallo"}
    for _ in range(15):
        await ask(device, body)
    async with device.socket(chat_id) as socket:
        for _ in range(15):
            await socket.send({"type": "send", "content": "Hallo"})
            await socket.until("done")
        refused = await socket.ask({"type": "send", "content": "Hallo"})
        assert refused["code"] == "rate_limited"
        assert refused["retry_after"] >= 1
    stream = await device.ask(body)
    assert (stream.status, (await stream.problem())["code"]) == (429, "rate_limited")
    assert 1 <= int(stream.headers["Retry-After"]) <= 3600
    assert len(await device.messages(chat_id)) == 60
    await ask(stranger_device, "Hallo")


async def test_repeats_resumes_and_bad_input_do_not_count_against_the_limit(ai, device):
    body = {"content": "Hallo", "message_id": str(uuid.uuid4())}
    stream = await ask(device, body)
    for _ in range(30):
        await ask(device, body)
        await (await device.follow(stream.meta["reply_id"])).read()
        await refusal(device, {})
    await ask(device, "Noch eine")


@pytest.mark.services
@pytest.mark.claim(79)
async def test_processes_share_the_limit(ai, ai_and_eduhu, tmp_path, device):
    _ai, server, _tokens = ai_and_eduhu
    second = LiveServer(tmp_path, server.environment)
    second.start()
    try:
        async with Device(second.url, device.token) as elsewhere:
            for _ in range(15):
                await ask(device, "Hallo")
                await ask(elsewhere, "Hallo")
            for each in (device, elsewhere):
                assert await refusal(each, {"content": "Hallo"}) == (429, "rate_limited")
    finally:
        second.stop()
