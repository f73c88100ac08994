import asyncio
import gc
import logging
import socket
import sys
import time
from typing import Any

import aiohttp
import pytest

from chats.providers.base import Finish, Prompt, Usage
from chats.providers.openai_compatible import OpenAICompatible
from eduhu.errors import ProviderTimeout, ProviderUnavailable, problem
from tests.fakes.ai_script import Script
from tests.fakes.ai_server import ai_server_in_thread
from tests.providers import (
    FAULTS,
    KEY,
    PROMPT,
    QUESTION,
    failure,
    limits,
    quiet_ai_server,
    read,
    until,
    words,
)


@pytest.fixture
async def server():
    async with quiet_ai_server() as running:
        yield running


@pytest.fixture
async def provider(server):
    made = make(server.url)
    yield made
    await made.aclose()


def make(url: str, key: str | None = KEY, **changes: float) -> OpenAICompatible:
    return OpenAICompatible(url, key, limits(**changes))


# What is asked, and what is answered


async def test_question_arrives_unchanged_as_the_last_user_message(server, provider):
    await read(provider)
    [request] = server.requests
    assert request.last_message == {"role": "user", "content": QUESTION}
    assert request.body["model"] == "scripted"
    assert request.body["stream"] is True
    assert request.body["stream_options"] == {"include_usage": True}
    assert request.headers["authorization"] == f"Bearer {KEY}"


async def test_without_a_key_no_authorization_is_sent(server):
    provider = make(server.url + "/", key=None)
    await read(provider)
    await provider.aclose()
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize("framing", ["chunked", "close"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_answer_and_usage_arrive_exactly(server, provider, framing, newline):
    server.script = Script.saying(
        "Für die 4b: ½ + ¼ 🎈", completion_tokens=23, framing=framing, newline=newline
    )
    assert await read(provider) == ("Für die 4b: ½ + ¼ 🎈", Finish("stop", Usage(11, 23)))


async def test_tokens_are_passed_on_as_they_come(server, provider):
    server.script = Script(tokens=3, delay=0.1)
    arrivals = [time.monotonic() async for _ in provider.stream(PROMPT)]
    assert arrivals[1] - arrivals[0] > 0.05
    assert arrivals[2] - arrivals[1] > 0.05


@pytest.mark.parametrize("fault", ["none", "no_done", "hang_after_done"])
async def test_end_of_the_answer_is_seen_however_it_is_said(server, provider, fault):
    server.script = Script(fault=fault)
    started = time.monotonic()
    assert await read(provider) == (words(5), Finish("stop", Usage(11, 5)))
    assert time.monotonic() - started < 0.4


async def test_missing_usage_is_reported_as_none(server, provider):
    server.script = Script(usage=False)
    assert (await read(provider))[1] == Finish("stop", None)


async def test_length_is_told_apart_and_every_other_reason_is_a_stop(server, provider):
    server.queue.extend([Script(fault="length"), Script(finish_reason="content_filter")])
    assert (await read(provider))[1].reason == "length"
    assert (await read(provider))[1].reason == "stop"


@pytest.mark.parametrize("fault", ["none", "length"])
async def test_answer_that_is_not_streamed_is_taken_whole(server, provider, fault):
    server.script = Script(whole=True, fault=fault)
    reason = "length" if fault == "length" else "stop"
    assert await read(provider) == (words(5), Finish(reason, Usage(11, 5)))


async def test_server_that_knows_no_stream_options_is_asked_without(server, provider):
    server.script = Script(fault="refuse_stream_options")
    for _ in range(2):
        assert await read(provider) == (words(5), Finish("stop", None))
    assert ["stream_options" in request.body for request in server.requests] == [True, False, False]


async def test_many_may_meet_a_server_that_knows_no_stream_options(server, provider):
    server.script = Script(fault="refuse_stream_options")
    answers = await asyncio.gather(*(read(provider) for _ in range(10)))
    assert {text for text, _ in answers} == {words(5)}


async def test_connection_is_used_again(server, provider):
    for _ in range(3):
        await read(provider)
        assert server.open_connections == 1


async def test_many_streams_at_once_do_not_mix(server, provider):
    server.queue.extend(Script.saying(f"reply {n} " * 5, delay=0.002) for n in range(40))
    answers = await asyncio.gather(*(read(provider) for _ in range(40)))
    assert {text for text, _ in answers} == {f"reply {n} " * 5 for n in range(40)}


# Text that has to be mended


async def test_every_byte_may_come_alone(server, provider):
    server.script = Script.saying("Grüße, 5b 🎈", fault="split_everywhere")
    assert (await read(provider))[0] == "Grüße, 5b 🎈"


async def test_halves_of_a_character_are_joined_across_deltas(server, provider):
    server.script = Script(fault="surrogate_split")
    assert (await read(provider))[0] == "Gut 😀 gemacht\ufffd"


async def test_nul_becomes_the_replacement_character(server, provider):
    server.script = Script(fault="nul")
    assert (await read(provider))[0] == "vor\ufffdnach"


async def test_bytes_of_another_encoding_do_not_end_the_answer(server, provider):
    server.script = Script.saying("schöne Grüße", fault="wrong_encoding")
    assert (await read(provider))[0] == "sch\ufffdne Gr\ufffd\ufffde"


# Limits


async def test_endless_answer_is_cut_at_the_limit_and_the_upstream_closed(server):
    provider = make(server.url, max_chars=1000, idle_timeout=5)
    server.script = Script(fault="endless")
    started = time.monotonic()
    text, finish = await read(provider)
    assert time.monotonic() - started < 0.5
    assert len(text) == 1000
    assert finish == Finish("length", None)
    await until(lambda: server.requests[0].left is not None)
    await provider.aclose()


async def test_endless_event_is_not_kept_in_memory(server):
    provider = make(server.url, max_chars=1)
    server.script = Script(pieces=("x" * 200_000,))
    assert isinstance((await failure(provider))[1], ProviderUnavailable)
    await provider.aclose()


@pytest.mark.parametrize("fault", ["endless", "comments_only"])
async def test_total_deadline_holds_however_busy_the_stream_is(server, fault):
    provider = make(server.url, total_timeout=0.5, max_chars=10**9)
    server.script = Script(fault=fault, delay=0.02)
    started = time.monotonic()
    text, error = await failure(provider)
    assert isinstance(error, ProviderTimeout)
    assert text
    assert 0.45 < time.monotonic() - started < 1
    await provider.aclose()


async def test_slow_consumer_is_not_taken_for_a_silent_provider(server, provider):
    server.script = Script(tokens=4, delay=0.05)
    text = ""
    async for item in provider.stream(PROMPT):
        if isinstance(item, str):
            text += item
            await asyncio.sleep(0.5)
    assert text == words(4)


async def test_comments_keep_a_thinking_provider_alive(server):
    provider = make(server.url, total_timeout=1.2)
    server.script = Script(fault="comments_only")
    started = time.monotonic()
    await failure(provider)
    assert time.monotonic() - started > 1.1
    await provider.aclose()


# Faults


@pytest.mark.parametrize(
    ("script", "error", "text"),
    FAULTS,
    ids=lambda value: value.fault if isinstance(value, Script) else None,
)
async def test_fault_becomes_its_own_error_and_the_text_before_it_is_kept(
    server, provider, script, error, text
):
    server.script = script
    started = time.monotonic()
    got, raised = await failure(provider)
    assert type(raised) is error
    assert got.startswith(text)
    assert time.monotonic() - started < 1
    assert len(server.requests) == 1
    await until(lambda: not server.tasks)  # nothing hangs on the upstream's side
    # The same provider object goes on working.
    server.script = Script()
    assert (await read(provider))[0] == words(5)


async def test_connection_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        provider = make(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        assert type((await failure(provider))[1]) is ProviderUnavailable
        await provider.aclose()


async def test_connection_that_nobody_accepts():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        provider = make(
            f"http://127.0.0.1:{address[1]}/v1", connect_timeout=0.2, first_byte_timeout=3
        )
        assert type((await failure(provider))[1]) is ProviderUnavailable
        await provider.aclose()
        for each in waiting:
            each.close()


async def test_unknown_host(monkeypatch):
    def unknown(*_args: Any, **_options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    provider = make("http://ai.eduhu.example/v1")
    assert type((await failure(provider))[1]) is ProviderUnavailable
    await provider.aclose()


@pytest.mark.parametrize("url", ["ai.eduhu.example", "http://", f"http://{'a' * 70}.example/v1"])
async def test_address_that_is_none(url):
    provider = make(url)
    assert type((await failure(provider))[1]) is ProviderUnavailable
    await provider.aclose()


async def test_key_that_http_cannot_carry(server, caplog):
    provider = make(server.url, key=f"{KEY}\nx")
    assert type((await failure(provider))[1]) is ProviderUnavailable
    assert KEY not in caplog.text
    await provider.aclose()


async def test_plain_server_behind_https(server):
    provider = make(server.url.replace("http:", "https:"))
    assert type((await failure(provider))[1]) is ProviderUnavailable
    await provider.aclose()


async def test_time_to_wait_comes_from_the_provider(server, provider):
    server.queue.extend([Script(fault="status_429", retry_after="17"), Script(fault="status_429")])
    assert (await failure(provider))[1].retry_after == 17
    assert (await failure(provider))[1].retry_after is None


# What leaves the house


@pytest.mark.claim(85)
@pytest.mark.parametrize(
    "fault", ["status_400", "status_401", "status_429", "status_500", "error_event"]
)
async def test_words_of_the_provider_reach_the_log_and_nobody_else(server, provider, caplog, fault):
    server.script = Script(fault=fault, said=f"canary-7 {KEY} you asked: {QUESTION}")
    with caplog.at_level(logging.WARNING):
        _, error = await failure(provider)
    body = str(problem(error, "r1"))
    assert "canary" not in body
    assert KEY not in body
    assert "canary-7" in caplog.text
    assert KEY not in caplog.text
    assert "Brüche" not in caplog.text


async def test_refusal_that_repeats_the_whole_request_is_not_logged(server, provider, caplog):
    server.script = Script(fault="refuse_stream_options")
    with caplog.at_level(logging.DEBUG, logger="chats"):
        await read(provider)
    assert "Brüche" not in caplog.text


# Leaving early


async def test_cancelling_the_reader_closes_the_upstream_at_once(server, provider):
    server.script = Script(tokens=1000, delay=0.02)
    task = asyncio.create_task(read(provider))
    await until(lambda: server.requests and server.requests[0].tokens_sent > 3)
    left = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: server.requests[0].left is not None)
    assert server.requests[0].left - left < 0.5


@pytest.mark.parametrize("fault", ["hang_before_first_byte", "hang_after_headers"])
async def test_cancelling_before_the_first_token_closes_the_upstream(server, fault):
    provider = make(server.url, first_byte_timeout=30)
    server.script = Script(fault=fault)
    task = asyncio.create_task(read(provider))
    await until(lambda: bool(server.requests))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: server.requests[0].left is not None, 0.5)
    await provider.aclose()


async def test_closing_the_iterator_closes_the_upstream_at_once(server, provider):
    server.script = Script(tokens=1000, delay=0.02)
    stream = provider.stream(PROMPT)
    assert await anext(stream) == "word0 "
    await stream.aclose()
    await until(lambda: server.requests[0].left is not None, 0.5)


async def test_total_deadline_closes_the_upstream_though_nobody_reads(server):
    provider = make(server.url, total_timeout=0.3)
    server.script = Script(tokens=1000, delay=0.02)
    stream = provider.stream(PROMPT)
    await anext(stream)
    await until(lambda: server.requests[0].left is not None, 0.6)
    with pytest.raises(ProviderTimeout):
        async for _ in stream:
            pass
    await provider.aclose()


async def test_provider_works_again_after_aclose_and_on_another_loop(server, provider):
    await read(provider)
    await provider.aclose()
    assert (await read(provider))[0] == words(5)

    async def elsewhere() -> str:
        text, _ = await read(provider)
        await provider.aclose()
        return text

    assert await asyncio.to_thread(asyncio.run, elsewhere()) == words(5)


async def test_connections_of_an_ended_loop_are_let_go(server):
    provider = make(server.url)
    server.script = Script(framing="close")
    await asyncio.to_thread(asyncio.run, read(provider))
    await read(provider)
    await provider.aclose()
    del provider
    gc.collect()  # would warn of an unclosed session


async def test_no_timer_outlives_its_stream(server, provider):
    def timers() -> list[str]:
        scheduled = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined] # no public list
        return [repr(each) for each in scheduled if "Watchdog" in repr(each)]

    server.queue.extend([Script(), Script(fault="bad_json")])
    await read(provider)
    await failure(provider)
    assert [timer for timer in timers() if "cancelled" not in timer] == []


# The scripted server in its other forms


def test_scripted_server_in_a_thread_and_scripts_in_model_names():
    async def ask(url: str, model: str) -> str:
        provider = make(url)
        text, _ = await read(provider, Prompt(PROMPT.messages, model))
        await provider.aclose()
        return text

    with ai_server_in_thread(Script(tokens=1)) as server:
        assert asyncio.run(ask(server.url, "scripted")) == words(1)
        assert asyncio.run(ask(server.url, "script?tokens=2&delay=0.001&usage=false")) == words(2)


async def test_scripted_server_as_a_process():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.ai_server", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).split()[-1].decode()
    root = url.removesuffix("/v1")
    provider = make(url)
    try:
        async with aiohttp.ClientSession() as client:
            await client.post(f"{root}/script", json={"queue": [{"pieces": ["a", "b"]}]})
            assert (await read(provider))[0] == "ab"
            refused = await client.post(f"{root}/script", json={"script": {"fault": "unheard of"}})
            assert refused.status == 400
            seen = await (await client.get(f"{root}/requests")).json()
            assert seen["requests"][1]["body"]["messages"][-1]["content"] == QUESTION
            known = await (await client.get(f"{url}/models")).json()
            assert known["data"][0]["id"] == "scripted"
    finally:
        await provider.aclose()
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 5) == 0
