"""SIGTERM: nothing new is taken, readers are sent elsewhere, and no reply is lost."""

import asyncio
import re
import signal
import time

import aiohttp
import pytest
from websockets.exceptions import ConnectionClosed

from tests.chats.test_stream_idempotency import nobody_can_write, waiting_for_locks
from tests.cluster import Cluster, Web
from tests.fakes.ai_script import Script
from tests.readers import Device, Event, Socket, Stream, parse_flush, text_of, until

STORY = "Es war 🐺 einmal 👩‍🏫 ein Bruch, der wollte gekürzt werden. " * 5
RECONNECT = re.compile(rb'retry: (\d+)\ndata: \{"type":"reconnect","after_ms":(\d+)\}\n\n')
READERS = 5
MOST_SECONDS = 20


async def begun(device: Device, **body: str) -> Stream:
    """A reply whose first text has arrived."""
    stream = await device.ask({"content": "Erzähl.", **body})
    await stream.until(lambda event: event.type == "content")
    return stream


async def farewell(stream: Stream) -> list[Event]:
    """Read to the end, which is a well-formed `reconnect`; return the frames before it."""
    frames = [frame + b"\n\n" for frame in (await stream._response.read()).split(b"\n\n") if frame]
    hint, after = map(int, RECONNECT.fullmatch(frames.pop()).groups())
    assert 0 < hint == after <= 5000
    return [*stream.events, *map(parse_flush, frames)]


async def close_code(socket: Socket) -> int:
    """Wait for the server to close, and return why."""
    try:
        while True:
            await socket.receive()
    except ConnectionClosed as closed:
        return closed.rcvd.code


async def is_refused(url: str) -> bool:
    """Whether nobody listens any more."""
    async with aiohttp.ClientSession() as session:
        try:
            await session.get(f"{url}/health/live")
        except aiohttp.ClientConnectorError:
            return True
        return False


async def exit_code(web: Web, began: float) -> int | None:
    """Wait for the end, which comes in time."""
    code = await web.ended(MOST_SECONDS)
    assert time.monotonic() - began < MOST_SECONDS
    return code


@pytest.fixture
async def devices(cluster, devices):
    """A teacher's devices, of which the first loses its server for a while."""
    cluster.ai.script = Script.saying(STORY, delay=0.05)
    yield devices
    if cluster.webs[0].process.poll() is not None:
        cluster.webs[0].start()
        await cluster.webs[0].ready()


@pytest.mark.services
async def test_readers_are_sent_away_and_go_on_elsewhere_to_the_character(cluster, devices):
    here, elsewhere = devices
    chat_id, web, complaints = await here.new_chat(), cluster.webs[0], cluster.complaints()
    async with here.socket(chat_id) as chat, here.events() as events:
        streams = [await begun(here) for _ in range(READERS)]
        await chat.send({"type": "send", "content": "Erzähl."})
        [meta, *_] = await chat.until("content")
        web.signal(signal.SIGTERM)
        began = time.monotonic()
        read = await asyncio.gather(*map(farewell, streams))
        assert [await close_code(each) for each in (chat, events)] == [1012, 1012]
    assert await is_refused(web.url)
    assert await exit_code(web, began) == 0
    for stream, frames in zip(streams, read, strict=True):
        heard = text_of(frames)
        assert 0 < len(heard) < len(STORY)
        rest = await (await elsewhere.follow(stream.meta["reply_id"], len(heard))).read()
        assert heard + text_of(rest.events, start=len(heard)) == STORY
        assert rest.ending.data["finish_reason"] == "stop"
    whole = await (await elsewhere.follow(meta.data["reply_id"])).read()
    assert whole.text == STORY
    assert cluster.complaints() == complaints


@pytest.mark.services
async def test_what_was_accepted_is_answered_and_nothing_new_is_taken(cluster, devices):
    here, elsewhere = devices
    web = cluster.webs[0]
    with nobody_can_write(cluster):
        answer = asyncio.create_task(here.ask({"content": "Erzähl."}))
        await until(lambda: waiting_for_locks(cluster))
        web.signal(signal.SIGTERM)
        began = time.monotonic()
        while not await is_refused(web.url):
            assert time.monotonic() - began < 1
        assert not answer.done()
    frames = await farewell(await answer)
    assert [event.type for event in frames] == ["meta"]
    whole = await (await elsewhere.follow(frames[0].data["reply_id"])).read()
    assert whole.text == STORY
    assert await exit_code(web, began) == 0


@pytest.fixture(scope="module")
def embedded():
    """The one process of the embedded default."""
    with Cluster.embedded(REPLY_CHECKPOINT_SECONDS="0.1") as running:
        running.ai.scripts["Ohne Ende"] = Script(fault="endless", delay=0.05)
        running.ai.script = Script.saying(STORY, delay=0.02)
        yield running


@pytest.fixture
async def device(embedded):
    [web] = embedded.webs
    async with Device(web.url, embedded.tokens.pop()[0]) as device:
        yield device
    if web.process.poll() is not None:
        web.start()
        await web.ready()


async def test_embedded_replies_end_within_the_drain_or_are_interrupted_with_their_text(
    embedded, device
):
    [web] = embedded.webs
    async with device.events() as events:
        short, endless = await begun(device), await begun(device, content="Ohne Ende")
        web.signal(signal.SIGTERM)
        began = time.monotonic()
        assert await close_code(events) == 1012
        assert await is_refused(web.url)
        await asyncio.gather(short.read(), endless.read())
    assert (short.text, short.ending.data["finish_reason"]) == (STORY, "stop")
    assert endless.ending.data["code"] == "reply_interrupted"
    assert await exit_code(web, began) == 0
    web.start()
    await web.ready()
    again = await (await device.follow(endless.meta["reply_id"])).read()
    assert again.text == endless.text != ""
    assert again.ending.data == endless.ending.data
    [_question, answer] = await device.messages(endless.meta["chat_id"])
    assert answer["content"] == endless.text


async def test_a_second_signal_ends_it_at_once(embedded, device):
    [web] = embedded.webs
    await begun(device, content="Ohne Ende")
    web.signal(signal.SIGTERM)
    while not await is_refused(web.url):
        pass
    assert web.process.poll() is None
    web.signal(signal.SIGTERM)
    assert await web.ended(3) is not None
