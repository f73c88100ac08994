"""A POST with an `Idempotency-Key` has one effect, however often and from wherever it is sent."""

import asyncio
import datetime as dt
import json
import uuid
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import cycle, islice
from threading import Event
from types import ModuleType
from typing import Any

import aiohttp
import pytest
import time_machine
from django.db import connection
from zeal import zeal_ignore

from artifacts import queries as artifact_queries
from chats import queries as chat_queries
from eduhu.db import now
from teachers.models import IdempotentRequest
from teachers.tasks import remove_expired
from tests.client import ApiClient
from tests.factories import PASSWORD, make_chat

MATERIAL = {"title": "AB", "content": "1. Rechne.", "artifact_type": "worksheet"}
SECONDS = 20
KEY = {"Idempotency-Key": "k-1"}
# Whoever loses the race for a key looks once more, for the row of the winner.
ASKED_TWICE = [{"model": "teachers.IdempotentRequest", "field": "get()"}]


@dataclass(frozen=True)
class Post:
    """A POST that creates; `last_step` is what it calls after its effect, in the transaction."""

    path: str
    body: dict[str, Any]
    other: dict[str, Any]
    last_step: tuple[ModuleType, str]

    def __str__(self) -> str:
        return self.path

    def send(self, api, body=None, key="k-1", **extra):
        headers = {} if key is None else {"idempotency-key": key}
        data = self.body if body is None else body
        return api.send("POST", self.path, data, headers=headers, **extra)

    def count(self, api):
        return len(api.get(self.path).json()["results"])


POSTS = [
    Post("/api/chats", {"title": "Optik"}, {"title": "Akustik"}, (chat_queries, "chat_detail")),
    Post(
        "/api/artifacts",
        MATERIAL,
        {**MATERIAL, "title": "Klausur"},
        (artifact_queries, "artifact_detail"),
    ),
]
every_post = pytest.mark.parametrize("post", POSTS, ids=str)


def content_of(answer):
    return answer.status_code, answer["Content-Type"], answer.content


@every_post
@pytest.mark.django_db
def test_a_replay_after_success_gives_the_same_answer_and_has_no_effect(api, post):
    first = post.send(api)
    assert first.status_code == 201
    again = post.send(api)
    assert content_of(again) == content_of(first)
    assert (again["Idempotency-Replayed"], first.get("Idempotency-Replayed")) == ("true", None)
    assert post.count(api) == 1


@every_post
@pytest.mark.django_db
def test_a_replay_does_not_bring_back_what_was_deleted(api, post):
    first = post.send(api)
    assert api.delete(f"{post.path}/{first.json()['id']}").status_code == 204
    assert content_of(post.send(api)) == content_of(first)
    assert post.count(api) == 0


@pytest.mark.django_db
def test_a_refused_chat_is_refused_again_although_it_would_succeed_now(api, stranger_api, stranger):
    taken = make_chat(stranger)
    body = {"id": str(taken.pk), "title": "Optik"}
    first = POSTS[0].send(api, body)
    assert (first.status_code, first.json()["code"]) == (409, "id_taken")
    stranger_api.delete(f"/api/chats/{taken.pk}")
    assert content_of(POSTS[0].send(api, body)) == content_of(first)
    assert POSTS[0].count(api) == 0
    assert POSTS[0].send(api, body, key="k-2").status_code == 201


@pytest.mark.django_db
def test_a_refused_artifact_is_refused_again_although_it_would_succeed_now(api):
    chat_id = str(uuid.uuid4())
    body = {**MATERIAL, "chat_id": chat_id}
    first = POSTS[1].send(api, body)
    assert (first.status_code, first.json()["code"]) == (404, "not_found")
    assert api.send("POST", "/api/chats", {"id": chat_id}).status_code == 201
    assert content_of(POSTS[1].send(api, body)) == content_of(first)
    assert POSTS[1].count(api) == 0
    assert POSTS[1].send(api, body, key="k-2").status_code == 201


@every_post
@pytest.mark.django_db
def test_bad_input_is_refused_again_and_stores_nothing(api, post):
    body = {**post.body, "title": ""}
    first = post.send(api, body)
    assert first.status_code == 400
    assert content_of(post.send(api, body)) == content_of(first)
    assert post.count(api) == 0


@every_post
@pytest.mark.django_db
@pytest.mark.parametrize("error", [RuntimeError, OSError])
def test_a_failure_leaves_nothing_and_the_retry_succeeds(api, post, error, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(*post.last_step, raising(error))
        assert post.send(api).status_code == 500
    assert post.count(api) == IdempotentRequest.objects.count() == 0
    assert post.send(api).status_code == 201
    assert post.count(api) == 1


def raising(error):
    def function(*args, **kwargs):
        raise error

    return function


@every_post
@pytest.mark.django_db
def test_the_key_of_another_request_is_refused(api, post):
    elsewhere = POSTS[0] if post is POSTS[1] else POSTS[1]
    first = post.send(api)
    for refused in (post.send(api, post.other), post.send(api, {}), elsewhere.send(api)):
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert (post.count(api), elsewhere.count(api)) == (1, 0)
    assert content_of(post.send(api)) == content_of(first)


@every_post
@pytest.mark.django_db
def test_the_same_body_in_another_spelling_is_the_same_request(api, post):
    first = post.send(api)
    spelled = json.dumps(dict(reversed(post.body.items())), indent=2, ensure_ascii=True).encode()
    assert content_of(post.send(api, spelled)) == content_of(first)
    assert post.count(api) == 1


@every_post
@pytest.mark.django_db
def test_the_same_key_of_another_teacher_is_another_key(api, stranger_api, post):
    first, second = post.send(api), post.send(stranger_api, post.other)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    assert (post.count(api), post.count(stranger_api)) == (1, 1)
    assert content_of(post.send(stranger_api, post.other)) == content_of(second)


@every_post
@pytest.mark.django_db
def test_a_key_is_kept_for_a_day_and_may_be_used_anew_after_two(api, post):
    start = now()
    with time_machine.travel(start, tick=False) as clock:
        first = post.send(api)
        clock.move_to(start + dt.timedelta(hours=47, minutes=59))
        remove_expired()
        assert content_of(post.send(api)) == content_of(first)
        clock.move_to(start + dt.timedelta(hours=48, seconds=1))
        again = post.send(api, post.other)
        assert again.status_code == 201
        assert again.json()["id"] != first.json()["id"]
        assert content_of(post.send(api, post.other)) == content_of(again)
    assert post.count(api) == 2


@pytest.mark.django_db
def test_keys_that_are_old_enough_are_forgotten_every_day(api):
    POSTS[0].send(api, key="old")
    IdempotentRequest.objects.update(created_at=now() - dt.timedelta(hours=49))
    POSTS[0].send(api, key="new")
    remove_expired()
    assert [each.key for each in IdempotentRequest.objects.all()] == ["new"]


GOOD_KEYS = ["a", "!~", "x" * 255, str(uuid.UUID(int=1)), '"quoted"']
BAD_KEYS = ["", "x" * 256, "a b", "a\tb", "a\x00b", "a\x1fb", "a\x7f", "schlüssel", "ключ", "😀"]


@every_post
@pytest.mark.django_db
def test_keys_of_visible_ascii_characters_are_taken(api, post):
    for number, key in enumerate(GOOD_KEYS, start=1):
        assert post.send(api, key=key).status_code == 201
        assert post.send(api, key=key)["Idempotency-Replayed"] == "true"
        assert post.count(api) == number


@every_post
@pytest.mark.django_db
@pytest.mark.parametrize("key", BAD_KEYS, ids=ascii)
def test_a_key_that_is_none_is_refused_and_nothing_happens(api, post, key):
    latin = key.encode().decode("latin-1")  # as a server reads the bytes of a header
    refused = post.send(api, key=latin)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")
    assert "Idempotency-Key" in refused.json()["detail"]
    assert post.count(api) == 0


@every_post
@pytest.mark.django_db
def test_without_a_key_each_request_has_its_effect(api, post):
    assert {post.send(api, key=None).status_code for _ in range(3)} == {201}
    assert post.count(api) == 3


@pytest.mark.django_db
def test_signing_in_never_looks_at_a_key(anonymous_api, teacher):
    post = Post(
        "/api/auth/login", {"email": teacher.email, "password": PASSWORD}, {}, POSTS[0].last_step
    )
    answers = [post.send(anonymous_api, key=key) for key in ("k-1", "k-1", "ü")]
    assert [each.status_code for each in answers] == [200, 200, 200]
    assert len({each.json()["token"] for each in answers}) == 3
    assert IdempotentRequest.objects.count() == 0


@pytest.mark.django_db
def test_signing_out_never_looks_at_a_key(teacher):
    for path in ("/api/auth/logout", "/api/auth/logout-all"):
        for _ in range(2):
            client, headers = ApiClient(teacher), {"idempotency-key": "k-1"}
            assert client.send("POST", path, headers=headers).status_code == 204
            assert client.get("/api/auth/me").status_code == 401
    assert IdempotentRequest.objects.count() == 0


class Held:
    """Requests that wait inside their transaction, after their effect, until `release`."""

    def __init__(self, post, monkeypatch):
        self.entered, self._released = Event(), Event()
        module, name = post.last_step
        function = getattr(module, name)

        def hold(*args, **kwargs):
            answer = function(*args, **kwargs)
            self.entered.set()
            assert self._released.wait(SECONDS)
            return answer

        monkeypatch.setattr(module, name, hold)

    def release(self):
        self._released.set()


@pytest.fixture
def threads():
    """`submit` runs in a thread whose database connection is closed after each call."""
    with ThreadPoolExecutor(8) as pool:

        def submit(function, *args, **kwargs) -> Future:
            def run():
                try:
                    with zeal_ignore(ASKED_TWICE):
                        return function(*args, **kwargs)
                finally:
                    connection.close()

            return pool.submit(run)

        yield submit


@every_post
@pytest.mark.django_db(transaction=True)
def test_a_second_request_waits_for_the_first_and_gets_its_answer(api, post, threads, monkeypatch):
    held = Held(post, monkeypatch)
    first = threads(post.send, api)
    assert held.entered.wait(SECONDS)
    second = threads(post.send, api)
    _done, waiting = wait([first, second], timeout=0.3)
    assert waiting == {first, second}
    held.release()
    assert first.result(SECONDS).status_code == 201
    assert content_of(second.result(SECONDS)) == content_of(first.result())
    assert post.count(api) == 1


@every_post
@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_second_request_that_waited_too_long_is_told_so(api, post, threads, monkeypatch):
    held = Held(post, monkeypatch)
    first = threads(post.send, api)
    assert held.entered.wait(SECONDS)
    refused = threads(post.send, api).result(SECONDS)
    assert (refused.status_code, refused.json()["code"]) == (409, "request_in_progress")
    assert refused["Retry-After"] == "1"
    held.release()
    assert first.result(SECONDS).status_code == 201
    assert content_of(post.send(api)) == content_of(first.result())
    assert post.count(api) == 1


@every_post
@pytest.mark.django_db(transaction=True)
def test_a_second_request_has_the_effect_when_the_first_one_fails(api, post, threads, monkeypatch):
    failed, entered, calls = Event(), Event(), []
    module, name = post.last_step
    function = getattr(module, name)

    def fail_once(*args, **kwargs):
        calls.append(args)
        if len(calls) == 1:
            entered.set()
            assert failed.wait(SECONDS)
            raise RuntimeError
        return function(*args, **kwargs)

    monkeypatch.setattr(module, name, fail_once)
    first = threads(post.send, api)
    assert entered.wait(SECONDS)
    second = threads(post.send, api)
    failed.set()
    assert first.result(SECONDS).status_code == 500
    assert second.result(SECONDS).status_code == 201
    assert post.count(api) == 1


@every_post
@pytest.mark.django_db(transaction=True)
def test_five_at_once_have_one_effect_and_one_answer(api, post, threads):
    futures = [threads(post.send, api) for _ in range(5)]
    answers = {content_of(future.result(SECONDS)) for future in futures}
    assert len(answers) == post.count(api) == 1
    assert answers.pop()[0] == 201


@every_post
@pytest.mark.django_db(transaction=True)
def test_five_at_once_after_the_key_expired_have_one_more_effect(api, post, threads):
    post.send(api)
    IdempotentRequest.objects.update(created_at=now() - dt.timedelta(hours=49))
    futures = [threads(post.send, api, post.other) for _ in range(5)]
    answers = {content_of(future.result(SECONDS)) for future in futures}
    assert len(answers) == 1
    assert answers.pop()[0] == 201
    assert post.count(api) == 2


@every_post
async def test_five_at_once_at_all_processes_have_one_effect_and_one_answer(post, devices):
    doors = islice(cycle(devices), 5)
    answers = await asyncio.gather(
        *(each.call("POST", post.path, post.body, **KEY) for each in doors)
    )
    assert answers == [answers[0]] * 5
    status, answer = answers[0]
    rows = (await devices[0].get(post.path))["results"]
    assert (status, [row["id"] for row in rows]) == (201, [answer["id"]])


@every_post
async def test_a_server_killed_before_it_answered_has_done_it_once(post, cluster, devices):
    web, device, title = cluster.webs[0], devices[0], uuid.uuid4().hex
    body, table = {**post.body, "title": title}, post.path.rpartition("/")[2]
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await device.call("POST", post.path, body, **KEY, **{"X-Die": "1"})
    [stored] = cluster.rows(f"SELECT id FROM {table} WHERE title = '{title}'")
    web.kill()
    web.start()
    await web.ready()
    status, answer = await device.call("POST", post.path, body, **KEY)
    rows = (await device.get(post.path))["results"]
    assert (status, [row["id"] for row in rows]) == (201, [answer["id"]])
    assert uuid.UUID(str(stored["id"])) == uuid.UUID(answer["id"])
