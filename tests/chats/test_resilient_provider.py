"""A provider that asks again, asks another, or does not ask: seen from the services' side."""

import asyncio
import gc
import threading
import time
from dataclasses import replace

import pytest

from chats.actions import Question, send_message
from chats.models import Reply
from chats.providers.anthropic import Anthropic
from chats.providers.base import Finish, Prompt, PromptMessage, Usage
from chats.providers.openai_compatible import OpenAICompatible
from chats.providers.registry import provider as configured
from chats.providers.resilient import RETRY, Resilient, Route, provider_breaker
from chats.replies.log import MemoryReplyLog
from chats.replies.worker import ReplyWorker
from eduhu.errors import (
    CircuitOpen,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
    ProviderUntrusted,
)
from eduhu.resilience import BreakerState, breakers
from eduhu.threads import in_thread
from tests.factories import make_teacher
from tests.fakes.ai_script import Script
from tests.fakes.fault_proxy import FaultProxy, Faults
from tests.providers import (
    FAULTS,
    KEY,
    PROMPT,
    failure,
    limits,
    quiet_ai_server,
    read,
    until,
    words,
)

QUICK = replace(RETRY, first_delay=0.02, longest_delay=1)
SERVICES = {
    "openai": OpenAICompatible,
    "anthropic": lambda *args: Anthropic(*args, max_tokens=500),
}


@pytest.fixture
async def server():
    async with quiet_ai_server() as running:
        yield running


both_services = pytest.mark.parametrize("service", SERVICES, indirect=True)


@pytest.fixture
def service(request):
    """Make a bare provider for an address."""
    kind = getattr(request, "param", "openai")

    def service(url, **changes):
        patience = {"first_byte_timeout": 0.2, "idle_timeout": 0.2}
        return SERVICES[kind](url, KEY, limits(**(patience | changes)))

    return service


@pytest.fixture
async def make(service):
    """Make a resilient provider for an address; `model` is its fallback there."""
    made = []

    def make(url, *, model=None, threshold=100, pause=60.0, total=5.0, **changes):
        bare = service(url, **changes)

        def route(name, model=None):
            return Route(bare, provider_breaker(name, threshold=threshold, pause=pause), model)

        fallback = route("test:fallback", model) if model else None
        made.append(Resilient(route("test:first"), fallback, total_timeout=total, retry=QUICK))
        return made[-1]

    yield make
    for provider in made:
        await provider.aclose()


def answered(server, model="scripted"):
    return [request.body["model"] for request in server.requests].count(model)


# Asking again


@pytest.mark.claim(57)
@pytest.mark.parametrize(
    "fault",
    [
        "status_429",
        "status_500",
        "status_503",
        "hang_before_first_byte",
        "hang_after_headers",
        "not_json_html",
    ],
)
@both_services
async def test_question_is_asked_again_while_no_token_has_come(server, make, fault):
    server.queue.extend([Script(fault=fault)] * 2)
    text, finish = await read(make(server.url))
    assert text == words(5)
    assert (finish.reason, finish.usage, finish.model) == ("stop", Usage(11, 5), "scripted")
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", ["cut_after_n_tokens", "bad_json", "error_event"])
async def test_stream_that_breaks_before_its_first_text_is_asked_for_again(server, make, fault):
    server.queue.append(Script(pieces=("", ""), fault=fault, after=1))
    assert (await read(make(server.url)))[0] == words(5)
    assert len(server.requests) == 2


async def test_connection_that_is_reset_is_made_again(server, make):
    async with FaultProxy("127.0.0.1", server.port) as proxy:
        proxy.faults = Faults(then="reset")
        provider = make(proxy.url + "/v1")
        task = asyncio.create_task(read(provider))
        await until(lambda: server.requests)
        proxy.faults = Faults()
        assert (await task)[0] == words(5)
        await provider.aclose()
    assert proxy.accepted == 2


@pytest.mark.claim(57)
@pytest.mark.parametrize(
    ("script", "error", "text"),
    [row for row in FAULTS if row[2]],
    ids=lambda value: str(value)[:60],
)
@both_services
async def test_nothing_is_asked_twice_once_a_token_has_come(server, make, script, error, text):
    server.script = script
    provider = make(server.url, model="second")
    got, raised = await failure(provider)
    assert type(raised) is error
    assert got.startswith(text)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("script", "error"),
    [(script, error) for script, error, text in FAULTS if not text],
    ids=lambda value: getattr(value, "fault", None),
)
@both_services
async def test_fault_that_lasts_becomes_its_error_after_the_last_attempt(
    server, make, script, error
):
    server.script = script
    text, raised = await failure(make(server.url))
    assert (text, type(raised)) == ("", error)
    assert len(server.requests) == (1 if error is ProviderRefused else 3)


async def test_service_is_given_the_time_it_asks_for(server, make):
    server.queue.append(Script(fault="status_429", retry_after="1"))
    assert (await read(make(server.url)))[0] == words(5)
    first, second = server.requests
    assert 1 <= second.started - first.started < 2


async def test_service_that_asks_for_too_much_time_is_not_asked_again(server, make):
    server.script = Script(fault="status_429", retry_after="30")
    _, error = await failure(make(server.url))
    assert (type(error), error.retry_after) == (ProviderRateLimited, 30)
    assert len(server.requests) == 1


async def test_deadline_bounds_all_attempts_together(server, make):
    server.script = Script(fault="hang_before_first_byte")
    started = time.monotonic()
    _, error = await failure(make(server.url, total=0.3))
    assert type(error) is ProviderTimeout
    assert 0.25 < time.monotonic() - started < 1.2
    assert len(server.requests) <= 2


async def test_late_attempt_has_only_what_is_left_for_its_whole_answer(server, make):
    server.queue.append(Script(fault="hang_before_first_byte"))
    server.script = Script(tokens=1000, delay=0.02)
    started = time.monotonic()
    text, error = await failure(make(server.url, total=0.8))
    assert (type(error), text.startswith("word0")) == (ProviderTimeout, True)
    assert 0.75 < time.monotonic() - started < 1.5


async def test_answer_may_take_its_time_once_it_has_begun(server, make):
    server.script = Script(tokens=10, delay=0.08)
    assert (await read(make(server.url)))[0] == words(10)


@both_services
async def test_service_without_a_valid_certificate_is_tried_once_and_told_nothing(service):
    async with quiet_ai_server(tls=True) as server:
        provider = Resilient(
            Route(service(server.url), provider_breaker("test:tls", threshold=1, pause=60)),
            total_timeout=5,
            retry=QUICK,
        )
        assert type((await failure(provider))[1]) is ProviderUntrusted
        assert type((await failure(provider))[1]) is ProviderUnavailable  # the breaker is open
        assert server.requests == []
        await provider.aclose()


# The breaker


def status(name="test:first"):
    return next(each for each in breakers() if each.name == name)


@both_services
async def test_breaker_opens_fails_fast_tries_once_and_closes(server, make):
    provider = make(server.url, threshold=3, pause=0.3)
    server.script = Script(fault="status_500")
    await failure(provider)
    assert (status().state, status().failures) == (BreakerState.OPEN, 3)

    started = time.monotonic()
    _, error = await failure(provider)
    assert time.monotonic() - started < 0.1
    assert (type(error), type(error.__cause__)) == (ProviderUnavailable, CircuitOpen)
    assert error.retry_after == 1
    assert len(server.requests) == 3

    await asyncio.sleep(0.3)
    assert status().state == BreakerState.HALF_OPEN
    await failure(provider)
    assert len(server.requests) == 4
    assert status().state == BreakerState.OPEN

    await asyncio.sleep(0.3)
    server.script = Script()
    assert (await read(provider))[0] == words(5)
    assert (status().state, status().failures) == (BreakerState.CLOSED, 0)


async def test_of_many_questions_to_a_service_that_was_down_one_is_the_probe(server, make):
    provider = make(server.url, threshold=1, pause=0.2)
    server.script = Script(fault="status_500")
    await failure(provider)
    server.requests.clear()
    await asyncio.sleep(0.2)
    server.script = Script(first_delay=0.1)
    answers = await asyncio.gather(*(read(provider) for _ in range(20)), return_exceptions=True)
    assert len(server.requests) == 1
    assert [type(answer) for answer in answers].count(tuple) == 1
    assert [type(answer) for answer in answers].count(ProviderUnavailable) == 19
    assert (await read(provider))[0] == words(5)


async def test_stopped_probe_leaves_its_place_to_the_next(server, make):
    provider = make(server.url, threshold=1, pause=0.1)
    server.script = Script(fault="status_500")
    await failure(provider)
    await asyncio.sleep(0.1)
    server.script = Script(first_delay=5)
    task = asyncio.create_task(read(provider))
    await until(lambda: len(server.requests) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    server.script = Script()
    assert (await read(provider))[0] == words(5)


async def test_breaker_is_closed_by_the_first_token_of_a_long_answer(server, make):
    provider = make(server.url, threshold=1, pause=0.1)
    server.script = Script(fault="status_500")
    await failure(provider)
    await asyncio.sleep(0.1)
    server.script = Script(tokens=50, delay=0.02)
    probe = provider.stream(PROMPT)
    await anext(probe)
    assert status().state == BreakerState.CLOSED
    await probe.aclose()


@pytest.mark.parametrize("fault", ["status_400", "status_401", "status_429"])
async def test_service_that_refuses_or_asks_for_time_is_not_taken_for_dead(server, make, fault):
    provider = make(server.url, threshold=1)
    server.script = Script(fault=fault)
    for _ in range(3):
        await failure(provider)
    assert (status().state, status().failures) == (BreakerState.CLOSED, 0)


async def test_refused_probe_closes_the_breaker_since_the_service_works(server, make):
    provider = make(server.url, threshold=1, pause=0.1)
    server.script = Script(fault="status_500")
    await failure(provider)
    await asyncio.sleep(0.1)
    server.script = Script(fault="status_400")
    await failure(provider)
    assert status().state == BreakerState.CLOSED


async def test_rate_limited_probe_neither_closes_nor_opens(server, make):
    provider = make(server.url, threshold=1, pause=0.1)
    server.script = Script(fault="status_500")
    await failure(provider)
    await asyncio.sleep(0.1)
    server.script = Script(fault="status_429", retry_after="30")
    assert type((await failure(provider))[1]) is ProviderRateLimited
    assert status().state == BreakerState.HALF_OPEN


async def test_fault_after_the_first_token_says_nothing_about_the_next_question(server, make):
    provider = make(server.url, threshold=1)
    server.script = Script(fault="cut_after_n_tokens", delay=0.01)
    for _ in range(3):
        await failure(provider)
    assert status().state == BreakerState.CLOSED


# The fallback


def fails(model, fault):
    """Let one model fail and every other answer."""

    def next_script(asked):
        return Script(fault=fault) if asked == model else Script()

    return next_script


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        ("status_500", 3),
        ("status_429", 3),
        ("hang_before_first_byte", 1),
    ],
)
async def test_fallback_answers_when_the_first_model_does_not_begin(
    server, make, monkeypatch, fault, asked
):
    monkeypatch.setattr(server, "next_script", fails("scripted", fault))
    provider = make(server.url, model="second")
    text, finish = await read(provider)
    assert (text, finish.model, finish.provider) == (words(5), "second", provider.name)
    assert (answered(server), answered(server, "second")) == (asked, 1)


async def test_fallback_answers_at_once_while_the_breaker_is_open(server, make, monkeypatch):
    monkeypatch.setattr(server, "next_script", fails("scripted", "status_500"))
    provider = make(server.url, model="second", threshold=3)
    await read(provider)
    server.requests.clear()
    assert (await read(provider))[1].model == "second"
    assert (answered(server), answered(server, "second")) == (0, 1)
    assert status("test:fallback").state == BreakerState.CLOSED


async def test_fallback_that_fails_too_tells_its_own_error(server, make):
    server.script = Script(fault="status_500")
    assert type((await failure(make(server.url, model="second")))[1]) is ProviderUnavailable
    assert (answered(server), answered(server, "second")) == (3, 3)


async def test_refused_question_is_put_to_nobody_else(server, make):
    server.script = Script(fault="status_400")
    assert type((await failure(make(server.url, model="second")))[1]) is ProviderRefused
    assert len(server.requests) == 1


async def test_fallback_is_not_asked_when_it_is_the_model_that_failed(server, make):
    server.script = Script(fault="status_500")
    prompt = replace(PROMPT, model="second")
    await failure(make(server.url, model="second"), prompt)
    assert answered(server, "second") == 3


async def test_fallback_is_not_asked_after_the_deadline(server, make):
    server.script = Script(fault="hang_before_first_byte")
    provider = make(server.url, model="second", total=0.15)
    assert type((await failure(provider))[1]) is ProviderTimeout
    assert answered(server, "second") == 0
    assert status("test:fallback").failures == 0


@pytest.mark.django_db(transaction=True)
async def test_row_of_a_reply_names_the_model_that_answered(server, make, monkeypatch):
    monkeypatch.setattr(server, "next_script", fails("template", "status_500"))
    reply = await in_thread(ask)()
    assert (reply.model, reply.provider) == ("template", "template")
    log = MemoryReplyLog(tick=0.01)
    worker = asyncio.create_task(ReplyWorker(log, make(server.url, model="second")).run())
    with log.reader(reply.pk, reply.attempt) as reader:
        ending = None
        while ending is None:
            _pieces, ending = await reader.after(len(words(5)), 10)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    await log.close()
    row = await in_thread(Reply.objects.get)(pk=reply.pk)
    assert (row.state, row.text) == ("complete", words(5))
    assert (row.model, row.provider) == ("second", "openai")


def ask():
    return send_message(teacher=make_teacher(), question=Question("Was ist ein Bruch?"))


# What the settings choose


@pytest.fixture
async def services(settings, server):
    """Settings with the first service away, and another one beside it."""
    settings.AI_BASE_URL = "http://127.0.0.1:1/v1"
    settings.AI_API_KEY = "sk-first"
    settings.AI_ATTEMPTS = 1
    settings.AI_FALLBACK_MODEL = "second"
    settings.AI_FALLBACK_BASE_URL = server.url
    settings.AI_FALLBACK_API_KEY = "sk-second"
    yield settings
    await configured().aclose()


@pytest.mark.parametrize(("first", "second"), [("openai", "anthropic"), ("anthropic", "openai")])
async def test_fallback_may_be_another_service_with_a_key_of_its_own(
    services, server, first, second
):
    services.AI_PROVIDER, services.AI_FALLBACK_PROVIDER = first, second
    assert configured().name == first
    text, finish = await read(configured())
    assert (text, finish.model, finish.provider) == (words(5), "second", second)
    headers = server.requests[0].headers
    assert "sk-second" in (headers.get("authorization", "") + headers.get("x-api-key", ""))
    assert "sk-first" not in str(headers)
    assert {status.name for status in breakers()} >= {
        f"ai:{first}:127.0.0.1:1",
        f"ai:{second}:127.0.0.1:{server.port}:second",
    }


async def test_fallback_without_an_address_is_a_model_of_the_same_service(services, server):
    services.AI_BASE_URL, services.AI_FALLBACK_BASE_URL = server.url, ""
    server.queue.append(Script(fault="status_500"))
    assert (await read(configured()))[1].model == "second"
    assert server.requests[1].headers["authorization"] == "Bearer sk-first"


# Nothing is left behind


async def test_provider_that_ends_without_a_word_is_an_error():
    class Silent:
        name, is_demo = "silent", True

        async def stream(self, prompt):
            for item in ():
                yield item

        async def aclose(self):
            pass

    breaker = provider_breaker("test:silent", threshold=1, pause=60)
    provider = Resilient(Route(Silent(), breaker), total_timeout=1)
    assert type((await failure(provider))[1]) is ProviderError
    assert (provider.name, provider.is_demo) == ("silent", True)


async def test_cancelling_between_two_attempts_asks_no_more(server, make):
    server.script = Script(fault="status_429", retry_after="1")
    task = asyncio.create_task(read(make(server.url)))
    await until(lambda: server.requests)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(1.1)
    assert len(server.requests) == 1


async def test_closing_the_iterator_closes_the_upstream_at_once(server, make):
    server.script = Script(tokens=1000, delay=0.02)
    stream = make(server.url).stream(PROMPT)
    assert await anext(stream) == "word0 "
    await stream.aclose()
    await until(lambda: server.requests[0].left is not None, 0.5)


@both_services
async def test_no_task_thread_or_connection_is_left_whatever_happened(server, make):
    tasks, threads = asyncio.all_tasks(), threading.active_count()
    # Forty at once: on a busy machine an answer in time may come late.
    patience = {"first_byte_timeout": 0.8, "idle_timeout": 0.8}
    provider = make(server.url, model="second", total=3, **patience)
    server.queue.extend(script for script, _, _ in FAULTS)
    server.script = Script(tokens=3)
    question = Prompt((PromptMessage("user", "?"),), "scripted")
    ends = await asyncio.gather(
        *(read(provider, question) for _ in range(40)), return_exceptions=True
    )
    assert {type(end) for end in ends} <= {
        tuple,
        ProviderUnavailable,
        ProviderTimeout,
        ProviderRefused,
        ProviderRateLimited,
    }
    assert sum(isinstance(end, tuple) and end[1].reason == "stop" for end in ends) > 20
    await until(lambda: not server.tasks)
    await provider.aclose()
    await until(lambda: not server.open_connections)
    gc.collect()
    assert asyncio.all_tasks() <= tasks
    assert threading.active_count() <= threads


async def test_end_of_a_stream_names_who_answered(server, make):
    provider = make(server.url)
    items = [item async for item in provider.stream(PROMPT)]
    assert items[-1] == Finish("stop", Usage(11, 5), "scripted", provider.name)
