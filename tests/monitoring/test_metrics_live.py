"""Streams, sockets, replies and AI services of a running eduhu show, whichever process has them."""

import asyncio

import pytest

from tests.fakes.ai_script import Script
from tests.monitoring.metering import fetch, sum_of

pytestmark = pytest.mark.claim(14)


@pytest.fixture
def shown(cluster):
    """Wait until a number of the first web process has grown by `more` since the test began."""
    before = fetch(cluster.urls[0])

    async def grown(more, name, seconds=20, **labels):
        async def wait():
            while True:
                text = await asyncio.to_thread(fetch, cluster.urls[0])
                if sum_of(text, name, **labels) - sum_of(before, name, **labels) == more:
                    return
                await asyncio.sleep(0.1)

        async with asyncio.timeout(seconds):
            await wait()

    return grown


async def test_a_stream_shows_with_its_reply_and_what_it_cost(cluster, devices, shown):
    cluster.ai.scripts["Was misst das?"] = Script(tokens=20)
    stream = await (await devices[0].ask("Was misst das?")).read()
    assert stream.ending.type == "done"
    done = {"model": "scripted", "state": "complete", "code": "none"}
    await shown(1, "replies_total", **done)
    await shown(20, "tokens_total", model="scripted", kind="completion")
    await shown(1, "reply_first_token_seconds_count", model="scripted")
    await shown(1, "provider_attempts_total", provider="openai", outcome="ok")
    for name in ("stream_seconds_count", "stream_first_event_seconds_count"):
        await shown(1, name, route="chat")
    await shown(len(stream.events), "stream_events_total", route="chat")
    await shown(0, "stream_aborts_total", route="chat")


async def test_who_leaves_a_stream_is_counted(cluster, devices, shown):
    cluster.ai.scripts["Geh ich?"] = Script(tokens=400, delay=0.05)
    stream = await devices[0].ask("Geh ich?")
    meta = await stream.until(lambda event: event.type == "content")
    assert meta
    await shown(1, "streams_open", route="chat")
    stream.close()
    await shown(1, "stream_aborts_total", route="chat")
    await shown(0, "streams_open", route="chat")
    assert await devices[0].cancel(stream.meta["reply_id"]) == 202
    await shown(1, "replies_total", model="scripted", state="cancelled")


async def test_sockets_show_while_they_are_open(devices, shown):
    chat_id = await devices[0].new_chat()
    async with devices[0].socket(chat_id) as socket:
        await socket.ask({"type": "ping"})
        await shown(1, "streams_open", route="chat-socket")
        opened = {"route": "chat-socket", "method": "WEBSOCKET", "status": "101"}
        await shown(1, "http_request_seconds_count", **opened)
    await shown(0, "streams_open", route="chat-socket")
    await shown(1, "stream_events_total", route="chat-socket")


async def test_what_a_service_refuses_is_counted_by_its_reason(cluster, devices, shown):
    cluster.ai.scripts["Darf ich?"] = Script(fault="status_400")
    stream = await (await devices[0].ask("Darf ich?")).read()
    assert stream.ending.type == "error"
    await shown(1, "provider_attempts_total", provider="openai", outcome="provider_refused")
    await shown(1, "replies_total", state="failed", code="provider_refused")
