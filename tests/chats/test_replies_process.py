"""Replies and the end of the processes that write them: killed, or asked to stop."""

import asyncio
import signal
import time

import pytest
from django.conf import settings
from websockets.exceptions import ConnectionClosed

from tests.chats.conftest import sign_in_many
from tests.live import live_server
from tests.readers import Device, Stream

QUESTION = "Stundenentwurf zu Magneten, Klasse 4, 45 Minuten"


@pytest.fixture(scope="module")
def mortal_and_tokens():
    """A server that a test may end, writing a word every 100 ms."""
    environment = {
        "TEMPLATE_WORD_DELAY_MS": "100",
        "REPLY_LEASE_SECONDS": "1",
        "REPLY_HEARTBEAT_SECONDS": "0.3",
        "REPLY_SWEEP_SECONDS": "0.3",
        "REPLY_CHECKPOINT_SECONDS": "0.1",
    }
    with live_server(**environment) as server:
        yield server, sign_in_many(server)


@pytest.fixture
def mortal(mortal_and_tokens):
    """The server, running."""
    server, _tokens = mortal_and_tokens
    if server.process.poll() is not None:
        server.start()
    return server


@pytest.fixture
async def reader(mortal, mortal_and_tokens):
    """A device at the server."""
    async with Device(mortal.url, next(mortal_and_tokens[1])) as device:
        yield device


async def well_begun(device) -> Stream:
    """A reply of which some text has been seen, for longer than a checkpoint takes."""
    stream = await device.ask(QUESTION)
    await stream.until(lambda event: (event.id or 0) > 40)
    return stream


async def test_a_killed_process_leaves_an_interrupted_reply_with_its_text(mortal, reader):
    stream = await well_begun(reader)
    chat_id, reply_id = stream.meta["chat_id"], stream.meta["reply_id"]
    assert mortal.stop(signal.SIGKILL) == -signal.SIGKILL
    mortal.start()

    after = await (await reader.follow(reply_id)).read()
    assert after.ending.data["code"] == "reply_interrupted"
    [question, (role, kept)] = await reader.said(chat_id)
    assert (question, role) == (("user", QUESTION), "assistant")
    assert after.ending.id == len(kept) > 0
    assert after.text.startswith(kept)  # the log may have kept more than the row
    assert stream.text.startswith(kept) or kept.startswith(stream.text)
    assert (await reader.get(f"/api/chats/{chat_id}"))["live_reply"] is None

    seen = len(stream.text)
    resumed = await (await reader.follow(reply_id, seen)).read()
    assert resumed.ending.data["code"] == "reply_interrupted"

    again = await reader.ask({"chat_id": chat_id, "content": "Noch einmal, bitte"})
    await again.until(lambda event: event.type == "content")
    assert await reader.cancel(again.meta["reply_id"]) == 202


async def test_a_server_asked_to_stop_ends_streams_and_sockets_and_itself(mortal, reader):
    stream = await well_begun(reader)
    async with reader.socket(await reader.new_chat()) as socket:
        assert await socket.ask({"type": "ping"}) == {"type": "pong"}
        before = time.monotonic()
        stopping = asyncio.create_task(asyncio.to_thread(mortal.stop))
        with pytest.raises(ConnectionClosed) as closed:
            await socket.receive()
        assert closed.value.rcvd.code == 1012
    await stream.read()
    assert await stopping == 0
    assert time.monotonic() - before < 20
    if settings.REDIS_URL:
        assert stream.events[-1].type == "reconnect"
    else:
        assert stream.ending.data["code"] == "reply_interrupted"
    log = mortal.log.read_text()
    assert "Traceback" not in log
    assert "Unclosed" not in log

    mortal.start()
    after = await (await reader.follow(stream.meta["reply_id"])).read()
    assert after.ending.data["code"] == "reply_interrupted"
    assert after.text.startswith(stream.text)
    _question, answer = await reader.messages(stream.meta["chat_id"])
    assert answer["content"] == after.text
    assert answer["token_count_estimated"] is True
