import asyncio
import logging
import time

import pytest

from chats.providers.anthropic import Anthropic
from chats.providers.anthropic_answer import MessagesAnswer
from chats.providers.base import Finish, Prompt, PromptMessage, Usage
from eduhu.errors import (
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUntrusted,
    problem,
)
from tests.fakes.ai_script import Script
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


def make(url: str, key: str | None = KEY, **changes: float) -> Anthropic:
    return Anthropic(url, key, limits(**changes), max_tokens=500)


def said(*roles: str) -> Prompt:
    return Prompt(tuple(PromptMessage(role, f"{n} {role}") for n, role in enumerate(roles)), "m")


# What is asked, and what is answered


async def test_question_arrives_unchanged_and_instructions_apart(server, provider):
    await read(provider)
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v1/messages")
    assert request.body == {
        "model": "scripted",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": QUESTION}],
        "system": "Du hilfst Lehrkräften.",
        "stream": True,
    }
    assert request.headers["x-api-key"] == KEY
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in request.headers


@pytest.mark.parametrize("ending", ["/v1", "/v1/", "", "/"])
async def test_address_may_be_given_with_or_without_its_version(server, ending):
    provider = make(server.url.removesuffix("/v1") + ending, key=None)
    assert (await read(provider))[0] == words(5)
    await provider.aclose()
    assert "x-api-key" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("roles", "sent", "system"),
    [
        (["user"], ["0 user"], None),
        (
            ["system", "user", "assistant", "user"],
            ["1 user", "2 assistant", "3 user"],
            "0 system",
        ),
        (["system", "system", "user"], ["2 user"], "0 system\n\n1 system"),
        (["assistant", "user"], ["1 user"], None),
    ],
)
async def test_conversation_takes_the_form_the_service_wants(server, provider, roles, sent, system):
    await read(provider, said(*roles))
    body = server.requests[0].body
    assert [turn["content"] for turn in body["messages"]] == sent
    assert body.get("system") == system


async def test_cut_off_answer_is_continued(server, provider):
    messages = said("system", "user").messages
    await read(provider, Prompt(messages, "m", partial="Es war ein"))
    turns = server.requests[0].body["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert turns[1]["content"] == "Es war ein"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("framing", ["chunked", "close"])
async def test_tokens_arrive_one_by_one_then_the_usage(server, provider, newline, framing):
    server.script = Script(tokens=5, delay=0.05, newline=newline, framing=framing)
    items = [item async for item in provider.stream(PROMPT)]
    assert ("".join(items[:-1]), items[-1]) == (words(5), Finish("stop", Usage(11, 5)))
    assert items[0] == "word0 "
    assert len(items) > 3  # a busy machine reads two at once


@pytest.mark.parametrize(
    ("script", "finish"),
    [
        (Script(fault="length"), Finish("length", Usage(11, 5))),
        (Script(finish_reason="model_context_window_exceeded"), Finish("length", Usage(11, 5))),
        (Script(finish_reason="refusal"), Finish("stop", Usage(11, 5))),
        (Script(usage=False), Finish("stop", None)),
        (Script(fault="no_done"), Finish("stop", Usage(11, 5))),
        (Script(fault="hang_after_done"), Finish("stop", Usage(11, 5))),
        (Script(whole=True), Finish("stop", Usage(11, 5))),
        (Script(whole=True, fault="length"), Finish("length", Usage(11, 5))),
    ],
)
async def test_every_whole_answer_says_how_it_ended(server, provider, script, finish):
    server.script = script
    assert await read(provider) == (words(5), finish)


async def test_what_is_kept_in_the_services_cache_counts_as_asked():
    answer = MessagesAnswer(100, streamed=True)
    usage = '"input_tokens": 5, "cache_creation_input_tokens": 7, "cache_read_input_tokens": 30'
    answer.feed(
        f'data: {{"type": "message_start", "message": {{"usage": {{{usage}}}}}}}\n\n'.encode()
    )
    answer.feed(
        b'data: {"type": "message_delta", "delta": {"stop_reason": "end_turn"},'
        b' "usage": {"input_tokens": null, "output_tokens": 9}}\n\n'
    )
    assert answer.usage == Usage(42, 9)


@pytest.mark.parametrize(
    "event",
    [
        b'{"type": "content_block_delta"}',
        b'{"type": "content_block_delta", "delta": {"type": "text_delta", "text": 7}}',
        b'{"type": "content_block_start", "content_block": null}',
        b'{"type": "message_start", "message": 7}',
        b'{"type": "message_delta", "delta": null}',
        b'{"type": "error"}',
        b'{"type": "error", "error": {"type": "api_error"}}',
        b"[]",
    ],
)
def test_no_shape_of_an_event_breaks_the_reader(event):
    answer = MessagesAnswer(100, streamed=True)
    delta = b'{"type": "content_block_delta", "delta": {"type": "text_delta", "text": "gut"}}'
    assert answer.feed(b"data: %s\n\ndata: %s\n\ndata: %s\n\n" % (delta, event, delta)) == "gut"
    assert type(answer.fault) is ProviderUnavailable


@pytest.mark.parametrize(
    "event",
    [
        b'{"type": "an_event_of_next_year"}',
        b'{"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}}',
        b'{"type": "content_block_start", "content_block": {"type": "tool_use", "id": "1"}}',
        b'{"type": "message_delta", "delta": {"stop_reason": null}}',
        b'{"type": "ping"}',
    ],
)
def test_events_that_are_not_for_teachers_are_passed_over(event):
    answer = MessagesAnswer(100, streamed=True)
    assert answer.feed(b"data: " + event + b"\n\n") == ""
    assert (answer.fault, answer.reason) == (None, None)


# Text that has to be mended


@pytest.mark.parametrize(
    ("script", "text"),
    [
        (Script.saying("Grüße, 5b 🎈", fault="split_everywhere"), "Grüße, 5b 🎈"),
        (Script(fault="surrogate_split"), "Gut 😀 gemacht\ufffd"),
        (Script(fault="nul"), "vor\ufffdnach"),
        (Script.saying("schöne Grüße", fault="wrong_encoding"), "sch\ufffdne Gr\ufffd\ufffde"),
    ],
)
async def test_text_is_mended(server, provider, script, text):
    server.script = script
    assert (await read(provider))[0] == text


# Faults


@pytest.mark.parametrize(
    ("script", "error", "text"),
    [
        *FAULTS,
        (Script(fault="error_event", error_code="rate_limit_error"), ProviderRateLimited, words(3)),
        (Script(fault="error_event", error_code="overloaded_error"), ProviderUnavailable, words(3)),
        (Script(fault="error_event", error_code="permission_error"), ProviderRefused, words(3)),
        (Script(fault="error_event", error_code="request_too_large"), ProviderRefused, words(3)),
        (Script(fault="error_event", error_code="billing_error"), ProviderRefused, words(3)),
    ],
    ids=lambda value: value.fault if isinstance(value, Script) else None,
)
async def test_fault_becomes_its_own_error_and_the_text_before_it_is_kept(
    server, provider, script, error, text
):
    server.script = script
    got, raised = await failure(provider)
    assert type(raised) is error
    assert got.startswith(text)
    assert len(server.requests) == 1
    await until(lambda: not server.tasks)
    server.script = Script()
    assert (await read(provider))[0] == words(5)


async def test_service_that_does_not_prove_who_it_is_is_told_nothing():
    async with quiet_ai_server(tls=True) as server:
        provider = make(server.url)
        assert type((await failure(provider))[1]) is ProviderUntrusted
        assert server.requests == []
        await provider.aclose()


async def test_endless_answer_is_cut_at_the_limit(server):
    provider = make(server.url, max_chars=1000)
    server.script = Script(fault="endless")
    text, finish = await read(provider)
    assert (len(text), finish) == (1000, Finish("length", None))
    await until(lambda: server.requests[0].left is not None)
    await provider.aclose()


@pytest.mark.parametrize("fault", ["status_400", "status_429", "status_500", "error_event"])
async def test_words_of_the_provider_reach_the_log_and_nobody_else(server, provider, caplog, fault):
    server.script = Script(fault=fault, said=f"canary-7 {KEY} you asked: {QUESTION}")
    with caplog.at_level(logging.WARNING):
        _, error = await failure(provider)
    assert "canary" not in str(problem(error, "r1"))
    assert "canary-7" in caplog.text
    assert KEY not in caplog.text
    assert "Brüche" not in caplog.text


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
