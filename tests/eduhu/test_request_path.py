"""The way of a request through Django: one thread, no query and no call it could do without."""

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path
from redis.connection import AbstractConnection

from eduhu import named_queries
from eduhu.asgi import django_application
from eduhu.cache import memory
from eduhu.one_hop import THREADS
from tests.asgi import ask
from tests.eduhu.test_isolation import make_world, token_for
from tests.factories import make_teacher

CACHED = ["/api/chats", "/api/chats/{chat_id}", "/api/chats/{chat_id}/messages",
          "/api/artifacts", "/api/artifacts/{artifact_id}", "/api/preferences"]  # fmt: skip


@pytest.fixture
def calls(monkeypatch):
    """How many SQL statements were run, and how many messages were sent to Redis."""
    found = {"statements": 0, "redis": 0}
    note, send = named_queries.note, AbstractConnection.send_packed_command

    def count_statement(sql, seconds):
        found["statements"] += 1
        note(sql, seconds)

    def count_message(*args, **kwargs):
        found["redis"] += 1
        return send(*args, **kwargs)

    monkeypatch.setattr(named_queries, "note", count_statement)
    monkeypatch.setattr(AbstractConnection, "send_packed_command", count_message)
    return found


async def test_a_warm_read_asks_the_network_once_at_most_and_from_memory_never(
    transactional_db, calls, settings
):
    teacher = await sync_to_async(make_teacher)()
    world = await sync_to_async(make_world)(teacher)
    token = await sync_to_async(token_for)(teacher)
    for template in CACHED:
        asked = world.fill(template)
        for _ in range(2):  # the first look makes the preferences
            fresh = await ask("GET", asked, token=token)
        calls.update(statements=0, redis=0)
        assert (await ask("GET", asked, token=token)).body == fresh.body
        assert calls == {"statements": 0, "redis": 0}
        memory.forget_everything()
        assert (await ask("GET", asked, token=token)).body == fresh.body
        assert calls == {"statements": 0, "redis": 1 if settings.REDIS_URL else 0}


class View:
    """Tells in which thread it ran, and in which its answer was closed."""

    csrf_exempt = True

    def __init__(self):
        self.threads = []

    def __call__(self, request):
        self.threads.append(threading.current_thread())
        response = HttpResponse(request.body, headers={"X-Seen": request.headers["X-Sent"]})
        response.set_cookie("seen", "yes")
        response._resource_closers.append(lambda: self.threads.append(threading.current_thread()))
        return response


@pytest.fixture
def view():
    view = View()
    urls = type("urls", (), {"urlpatterns": [path("echo", view)]})
    with override_settings(ROOT_URLCONF=urls):
        yield view


async def test_a_whole_request_runs_in_one_thread_that_is_not_the_loops(db, view):
    answer = await ask("POST", "/echo", b"Hallo", headers={"x-sent": "1", "content-type": "x/y"})
    assert (answer.status, answer.body, answer.headers["x-seen"]) == (200, b"Hallo", "1")
    assert answer.headers["set-cookie"].startswith("seen=yes")
    began, ended = view.threads
    assert began is ended
    assert began.name.startswith("django_")


@pytest.fixture
def full(settings):
    """Keep all threads of Django busy, and one call waiting, until the gate is open."""
    settings.MAX_WAITING_REQUESTS = 1
    gate, threads = threading.Event(), django_application.threads

    async def fill():
        calls = [asyncio.create_task(threads.run(gate.wait)) for _ in range(THREADS + 1)]
        await asyncio.sleep(0)  # they begin in this order
        return calls

    yield fill, gate
    gate.set()


async def test_who_would_stand_at_the_end_of_a_long_queue_is_told_to_come_back(
    transactional_db, full
):
    teacher = await sync_to_async(make_teacher)()
    token = await sync_to_async(token_for)(teacher)
    fill, gate = full
    running = await fill()
    refused = await ask("GET", "/api/chats", token=token)
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["code"] == "unavailable"
    assert refused.json()["request_id"] == refused.headers["x-request-id"]
    probe = asyncio.create_task(ask("GET", "/health/live"))  # waits for its turn
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*running)
    assert (await probe).status == 200
    assert (await ask("GET", "/api/chats", token=token)).status == 200


async def test_who_gives_up_waiting_leaves_the_queue(full):
    fill, gate = full
    *running, waiting = await fill()
    assert django_application.threads.is_overrun()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert not django_application.threads.is_overrun()
    gate.set()
    await asyncio.gather(*running)
