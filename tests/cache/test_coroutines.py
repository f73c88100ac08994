"""Reading through the tiers from coroutines: together with threads, one loads."""

import asyncio
import threading
import uuid

import pytest
from channels.testing import WebsocketCommunicator

from chats.models import Chat
from eduhu import named_queries
from eduhu.asgi import application
from eduhu.cache import coroutines, invalidation, memory
from eduhu.cache.coroutines import aget
from eduhu.cache.policies import Content
from eduhu.cache.tiers import Read, get
from eduhu.errors import NotFound
from eduhu.threads import in_thread
from tests.eduhu.test_isolation import token_for
from tests.factories import make_chat

SECONDS = 30


class Source:
    """A value whose loading waits until it is let go."""

    def __init__(self):
        self.loads = 0
        self.value = b"1"
        self.begun = threading.Event()
        self.go = threading.Event()
        self.read = Read(Content.CHATS, uuid.uuid4(), "it", f"chats:{uuid.uuid4()}", self.load)

    def load(self):
        self.loads += 1
        value = self.value
        self.begun.set()
        assert self.go.wait(SECONDS)
        if isinstance(value, Exception):
            raise value
        return value

    async def has_begun(self):
        assert await asyncio.to_thread(self.begun.wait, SECONDS)


@pytest.fixture
def slow():
    return Source()


@pytest.fixture
def hops(monkeypatch):
    """What went to a thread."""
    made = []

    def spy(function):
        made.append(function)
        return in_thread(function)

    monkeypatch.setattr(coroutines, "in_thread", spy)
    return made


async def test_fifty_coroutines_and_a_thread_load_once_and_the_fifty_share_a_thread(slow, hops):
    tasks = [asyncio.create_task(aget(slow.read)) for _ in range(50)]
    await slow.has_begun()
    other = asyncio.create_task(asyncio.to_thread(get, slow.read))
    await asyncio.sleep(0.05)
    slow.go.set()
    assert set(await asyncio.gather(*tasks, other)) == {b"1"}
    assert slow.loads == 1
    assert len(hops) == 1
    assert coroutines._running == {}


async def test_what_is_in_memory_takes_no_thread(slow, hops):
    slow.go.set()
    await aget(slow.read)
    del hops[:]
    assert await aget(slow.read) == b"1"
    assert hops == []


async def test_who_is_cancelled_takes_nothing_from_the_others(slow):
    first, second = (asyncio.create_task(aget(slow.read)) for _ in range(2))
    await slow.has_begun()
    first.cancel()
    await asyncio.wait([first])
    assert first.cancelled()
    slow.go.set()
    assert await second == b"1"
    assert slow.loads == 1


async def test_an_error_reaches_all_and_is_not_kept(slow):
    slow.value = NotFound()
    tasks = [asyncio.create_task(aget(slow.read)) for _ in range(3)]
    await slow.has_begun()
    slow.go.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in found] == [NotFound] * 3
    slow.value = b"2"
    assert await aget(slow.read) == b"2"


async def test_who_asks_after_a_write_does_not_share_what_was_begun_before(slow):
    before = asyncio.create_task(aget(slow.read))
    await slow.has_begun()
    slow.begun.clear()
    slow.value = b"2"
    invalidation.forget({slow.read.scope})
    after = asyncio.create_task(aget(slow.read))
    await slow.has_begun()
    slow.go.set()
    assert await asyncio.gather(before, after) == [b"1", b"2"]
    assert await aget(slow.read) == b"2"


async def test_without_tiers_everybody_loads(slow, settings):
    settings.CACHE_TIERS = "off"
    slow.go.set()
    await asyncio.gather(aget(slow.read), aget(slow.read))
    assert slow.loads == 2


async def opened(chat_id, token):
    """Whether a socket on a chat is opened."""
    headers = [(b"host", b"localhost")]
    socket = WebsocketCommunicator(
        application, f"/ws/chats/{chat_id}", headers, subprotocols=["bearer", token]
    )
    connected, _code = await socket.connect(timeout=SECONDS)
    await socket.disconnect()
    return connected


@pytest.mark.django_db
async def test_a_socket_opens_again_without_a_query_and_not_on_a_deleted_chat(teacher, monkeypatch):
    chat, token = await in_thread(lambda: (make_chat(teacher), token_for(teacher)))()
    assert await opened(chat.pk, token)
    names = []
    note = named_queries.note
    monkeypatch.setattr(
        named_queries,
        "note",
        lambda sql, s: (names.append(named_queries.name_of(sql)), note(sql, s)),
    )
    assert await opened(chat.pk, token)
    assert "chats.row" not in names
    memory.forget_everything()
    assert await opened(chat.pk, token)
    assert "chats.row" not in names
    await in_thread(Chat.objects.filter(pk=chat.pk).delete)()
    assert not await opened(chat.pk, token)
    assert "chats.row" in names
