"""A POST that starts a reply has one effect for each `Idempotency-Key`: send, retry, continue."""

import asyncio
import contextlib
import datetime as dt
import sqlite3
from dataclasses import dataclass
from itertools import count, cycle
from typing import Any

import aiohttp
import psycopg
import pytest
from asgiref.sync import sync_to_async
from knox.models import AuthToken

from chats.models import Chat, Message, Reply
from eduhu import events
from eduhu.db import now
from teachers.models import IdempotentRequest
from tests.asgi import ask, reply_engine
from tests.cluster import Cluster
from tests.factories import make_chat
from tests.fakes.ai_script import Script
from tests.readers import Device, Stream, devices_at, until
from tests.teachers.test_idempotency import BAD_KEYS, GOOD_KEYS, raising

STORY = "Es war 🐺 einmal 👩‍🏫 ein Bruch, der wollte gekürzt werden. " * 3
DOORS = ["send", "send to a new chat", "retry", "continue"]
every_door = pytest.mark.parametrize("door", DOORS, indirect=True)
numbers = count()


class Client:
    """A teacher's devices, one at each web process."""

    def __init__(self, cluster: Cluster, devices: list[Device], email: str) -> None:
        self.cluster = cluster
        self.email = email
        self.devices = cycle(devices)
        self.device = devices[0]

    async def post(self, path: str, body: Any = None, key: str = "k-1") -> Stream:
        """Post with a key, each time from the next device."""
        device = next(self.devices)
        return await device.post(path, body, **{"Idempotency-Key": key})

    async def stopped(self, delay: float) -> Stream:
        """A reply that was stopped after its first words; asked again, it takes `delay` a word."""
        stream = await self.device.ask({"content": (question := self.question(0.03))})
        await stream.until(lambda event: event.type == "content")
        await self.device.cancel(stream.meta["reply_id"])
        self.cluster.ai.scripts[question] = Script.saying(STORY, delay=delay)
        return await stream.read()

    def question(self, delay: float = 0.0) -> str:
        question = f"Frage {next(numbers)}"
        self.cluster.ai.scripts[question] = Script.saying(STORY, delay=delay)
        return question

    def attempts(self) -> int:
        """How often a reply was begun, however it ended."""
        [row] = self.cluster.rows(
            "SELECT coalesce(sum(attempt), 0) AS n FROM replies"
            f" JOIN teachers ON teachers.id = teacher_id WHERE email = '{self.email}'"
        )
        return int(row["n"])


@dataclass
class Door:
    """A POST that starts a reply, made ready; nobody has knocked yet."""

    client: Client
    path: str
    body: dict[str, Any] | None
    other_path: str
    other_body: dict[str, Any] | None
    chat_id: str | None
    before: int

    async def knock(self, key: str = "k-1") -> Stream:
        return await self.client.post(self.path, self.body, key)

    def effects(self) -> int:
        """How many attempts at a reply came of it."""
        return self.client.attempts() - self.before


async def make_door(kind: str, client: Client, delay: float = 0.01) -> Door:
    if kind == "continue":
        delay /= 4  # the rest comes a letter at a time
    if kind.startswith("send"):
        chat_id = await client.device.new_chat() if kind == "send" else None
        body = {"content": client.question(delay), **({"chat_id": chat_id} if chat_id else {})}
        other = {**body, "content": "Etwas anderes"}
        return Door(client, "/api/chat", body, "/api/chat", other, chat_id, 0)
    stopped = [await client.stopped(delay) for _ in range(2)]
    paths = [f"/api/replies/{each.meta['reply_id']}/{kind}" for each in stopped]
    return Door(client, paths[0], None, paths[1], None, stopped[0].meta["chat_id"], 2)


@pytest.fixture
async def sign_in(cluster):
    """`sign_in()` gives a teacher who has done nothing yet."""
    async with contextlib.AsyncExitStack() as stack:

        async def make() -> Client:
            opening = devices_at(cluster.urls, cluster.tokens.pop()[0])
            devices = await stack.enter_async_context(opening)
            return Client(cluster, devices, (await devices[0].get("/api/auth/me"))["email"])

        yield make


@pytest.fixture
async def client(sign_in):
    return await sign_in()


@pytest.fixture
async def door(request, client):
    return await make_door(request.param, client)


async def refusal(stream: Stream) -> tuple[int, str]:
    return stream.status, (await stream.problem())["code"]


def assert_same(again: Stream, first: Stream) -> None:
    assert again.meta == first.meta
    assert again.text == first.text == STORY
    assert again.ending.data == first.ending.data


@every_door
async def test_a_replay_after_the_end_gives_the_same_reply_from_its_beginning(door):
    first = await (await door.knock()).read()
    again = await (await door.knock()).read()
    assert_same(again, first)
    assert door.effects() == 1


@every_door
async def test_a_replay_while_it_is_written_gives_the_same_reply_from_its_beginning(door):
    first = await door.knock()
    await first.until(lambda event: event.type == "content")
    again = await door.knock()
    await asyncio.gather(first.read(), again.read())
    assert_same(again, first)
    assert door.effects() == 1


@pytest.mark.parametrize("door", ["send", "retry", "continue"], indirect=True)
async def test_what_was_refused_is_stored_by_no_part_and_may_succeed_later(door):
    busy = await door.client.device.ask(
        {"chat_id": door.chat_id, "content": door.client.question(0.05)}
    )
    await busy.until(lambda event: event.type == "content")
    before = await door.client.device.messages(door.chat_id)
    for _ in range(2):
        assert await refusal(await door.knock()) == (409, "reply_in_progress")
    assert await door.client.device.messages(door.chat_id) == before
    assert door.effects() == 1  # the one that was in the way
    await door.client.device.cancel(busy.meta["reply_id"])
    await busy.read()
    assert (await (await door.knock()).read()).text == STORY
    assert door.effects() == 2


@every_door
async def test_the_key_of_another_request_is_refused(door):
    first = await (await door.knock()).read()
    for path, body in (
        (door.other_path, door.other_body),
        (door.path, {"content": "?"}),
        ("/api/chats", {}),
    ):
        refused = await door.client.post(path, body)
        assert await refusal(refused) == (422, "idempotency_key_reused")
    assert_same(await (await door.knock()).read(), first)
    assert door.effects() == 1


@every_door
async def test_the_same_key_of_another_teacher_is_another_key(door, request, sign_in):
    stranger = await sign_in()
    theirs = await make_door(request.node.callspec.params["door"], stranger)
    first, second = await (await door.knock()).read(), await (await theirs.knock()).read()
    assert first.meta["reply_id"] != second.meta["reply_id"]
    assert (door.effects(), theirs.effects()) == (1, 1)
    foreign = await stranger.post(f"/api/replies/{first.meta['reply_id']}/retry", key="k-2")
    assert await refusal(foreign) == (404, "not_found")


@contextlib.contextmanager
def nobody_can_write(cluster: Cluster):
    """Hold what each transaction that starts a reply needs, for the length of the block."""
    if cluster.is_embedded:
        with contextlib.closing(sqlite3.connect(cluster.folder / "eduhu.sqlite3")) as lite:
            lite.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(cluster.postgres.url) as connection:
            connection.execute("SELECT 1 FROM teachers FOR UPDATE")
            yield


def waiting_for_locks(cluster: Cluster) -> int:
    [row] = cluster.rows("SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type='Lock'")
    return row["n"]


@every_door
async def test_requests_in_flight_together_wait_for_each_other_and_have_one_effect(door, cluster):
    with nobody_can_write(cluster):
        knocks = [asyncio.create_task(door.knock()) for _ in range(2)]
        if cluster.is_embedded:  # which does not tell who waits
            assert not (await asyncio.wait(knocks, timeout=0.3))[0]
        else:
            await until(lambda: waiting_for_locks(cluster) == 2)
    first, second = [await (await knock).read() for knock in knocks]
    assert_same(second, first)
    assert door.effects() == 1


@every_door
async def test_five_at_once_have_one_effect(door):
    streams = await asyncio.gather(*(door.knock() for _ in range(5)))
    await asyncio.gather(*(stream.read() for stream in streams))
    for stream in streams:
        assert_same(stream, streams[0])
    assert door.effects() == 1


@pytest.mark.parametrize("kind", DOORS)
async def test_a_server_killed_before_it_answered_has_begun_it_once(kind, client, cluster):
    door = await make_door(kind, client, delay=0.05)
    answer = asyncio.create_task(door.knock())  # at the first web process, and never read
    await until(door.effects)
    cluster.webs[0].kill()
    with contextlib.suppress(aiohttp.ClientError):
        (await answer).close()
    streams = [] if cluster.is_embedded else [await door.knock()]  # at the other one
    cluster.webs[0].start()
    await cluster.webs[0].ready()
    streams += [await door.knock() for _ in range(2)]
    for stream in streams:
        await stream.read()
        assert (stream.meta, stream.ending.data) == (streams[0].meta, streams[0].ending.data)
        assert STORY.startswith(stream.text)
    ending = streams[0].ending.data
    if ending["type"] == "done":
        assert (ending["finish_reason"], ending["offset"]) == ("stop", len(STORY))
    else:  # without a worker of its own, a reply that was being written is cut off
        assert (cluster.is_embedded, ending["code"]) == (True, "reply_interrupted")
    assert door.effects() == 1


@every_door
async def test_replays_do_not_count_against_the_limit(door):
    first = await (await door.knock()).read()
    for _ in range(4):
        streams = await asyncio.gather(*(door.knock() for _ in range(8)))
        for stream in streams:
            await stream.read()
            assert stream.meta == first.meta
    assert (await door.knock("k-2")).status in {200, 409}  # evaluated, not limited


async def test_going_on_does_not_forget_the_key_of_the_question(client):
    question = client.question(0.03)
    first = await client.post("/api/chat", {"content": question}, "asked")
    await first.until(lambda event: event.type == "content")
    await client.device.cancel(first.meta["reply_id"])
    await first.read()
    path = f"/api/replies/{first.meta['reply_id']}/continue"
    client.cluster.ai.scripts[question] = Script.saying(STORY, delay=0.002)
    whole = await (await client.post(path, None, "continued")).read()
    assert whole.text == STORY
    for again in (
        await client.post("/api/chat", {"content": question}, "asked"),
        await client.post(path, None, "continued"),
    ):
        assert_same(await again.read(), whole)
    assert client.attempts() == 2


async def test_a_replay_does_not_bring_back_what_was_deleted(client):
    body = {"content": client.question()}
    first = await (await client.post("/api/chat", body)).read()
    await client.device.call("DELETE", f"/api/chats/{first.meta['chat_id']}")
    assert await refusal(await client.post("/api/chat", body)) == (404, "not_found")
    assert (await client.device.get("/api/chats"))["results"] == []


@dataclass(frozen=True)
class Request:
    """A POST that starts a reply, to the application in this process."""

    path: str
    body: dict[str, Any] | None
    token: str

    async def send(self, key="k-1"):
        headers = {"idempotency-key": key}
        return await ask("POST", self.path, self.body, token=self.token, headers=headers)


def make_request(kind, teacher):
    chat = make_chat(teacher)
    question = Message.objects.create(chat=chat, role="user", content="Hallo")
    old = Reply.objects.create(
        chat=chat, teacher=teacher, user_message=question, model="template", provider="template",
        state="cancelled", finish_reason="cancelled",
    )  # fmt: skip
    _auth, token = AuthToken.objects.create(teacher)
    bodies = {
        "send": {"content": "Hallo", "chat_id": str(chat.pk)},
        "send to a new chat": {"content": "Hallo"},
    }
    if kind in bodies:
        return Request("/api/chat", bodies[kind], token)
    return Request(f"/api/replies/{old.pk}/{kind}", None, token)


@pytest.fixture(params=DOORS)
def request_(request, teacher):
    return make_request(request.param, teacher)


def stored():
    """Everything of chats that is stored."""
    models = (Chat, Message, Reply, IdempotentRequest)
    return {model: list(model.objects.order_by("pk").values()) for model in models}


look = sync_to_async(stored, thread_sensitive=False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [RuntimeError, OSError])
async def test_a_failure_leaves_nothing_and_the_retry_succeeds(request_, error, monkeypatch):
    before = await look()
    with monkeypatch.context() as patch:
        patch.setattr(events, "row_changed", raising(error))  # after all rows are written
        answer = await request_.send()
    assert (answer.status, answer.json()["code"]) == (500, "server_error")
    assert await look() == before
    async with reply_engine():
        frames = (await request_.send()).frames()
    assert (frames[0]["type"], frames[-1]["type"]) == ("meta", "done")


@sync_to_async(thread_sensitive=False)
def age(hours):
    """Let all keys grow older."""
    then = now() - dt.timedelta(hours=hours)
    IdempotentRequest.objects.update(created_at=then)
    Reply.objects.update(accepted_at=then)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["send to a new chat", "retry"])
async def test_a_key_is_kept_for_a_day_and_may_be_used_anew_after_two(kind, teacher):
    request = await sync_to_async(make_request)(kind, teacher)
    async with reply_engine():
        [first, *_] = (await request.send()).frames()
        await age(hours=47.9)
        assert (await request.send()).frames()[0] == first
        await age(hours=48.1)
        [again, *_] = (await request.send()).frames()
        assert again["reply_id"] != first["reply_id"]
        assert (await request.send()).frames()[0] == again


@pytest.mark.django_db(transaction=True)
async def test_an_old_key_of_going_on_is_looked_at_anew(teacher):
    request = await sync_to_async(make_request)("continue", teacher)
    async with reply_engine():
        await request.send()
        await age(hours=47.9)
        assert (await request.send()).status == 200
        await age(hours=48.1)
        refused = await request.send()
    assert (refused.status, refused.json()["code"]) == (409, "cannot_continue")


@pytest.mark.django_db(transaction=True)
async def test_keys_of_visible_ascii_characters_are_taken_and_others_refused(request_):
    before = await look()
    for key in BAD_KEYS:
        refused = await request_.send(key)
        assert (refused.status, refused.json()["code"]) == (400, "invalid_input"), key
        assert "Idempotency-Key" in refused.json()["detail"]
    assert await look() == before
    async with reply_engine():
        for key in GOOD_KEYS:
            assert (await request_.send(key)).status in {200, 409}  # not 400
