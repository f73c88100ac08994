"""Real processes, killed while they write and send: nothing is lost, old or back from the dead."""

import contextlib
import os
import random
import signal
import threading
import time

import httpx
import pytest
from django.conf import settings

from eduhu.mirror.lanes import LANES
from eduhu.mirror.schema import permissions, schema
from tests.fakes.instant_server import APP_ID, TOKEN, Fault, instant_server
from tests.live import live_server
from tests.warm import run_manage

SECONDS = 30
A_MOMENT = 0.02  # between two changes of a teacher who writes all the time
SEED = random.randrange(1_000_000)


@pytest.fixture(scope="module")
def server():
    with instant_server() as server:
        yield server


@pytest.fixture(scope="module")
def eduhu(server):
    """A server that mirrors to the stand-in; on PostgreSQL the mirror is its own process."""
    instant = {
        "INSTANT_APP_ID": APP_ID,
        "INSTANT_APP_ADMIN_TOKEN": TOKEN,
        "INSTANT_API_URI": server.url,
    }
    server.store.push_schema(schema())
    server.permissions = permissions()
    with live_server(**instant) as eduhu:
        with signed_in(eduhu) as api:  # the demo was seeded before there was a mirror
            for chat_id in ours(api):
                api.delete(f"/api/chats/{chat_id}")
        eduhu.mirror = None
        start_mirror(eduhu)
        try:
            yield eduhu
        finally:
            if eduhu.mirror is not None:
                eduhu.mirror.kill()
                eduhu.mirror.wait()


def start_mirror(eduhu):
    if settings.DATABASE_IS_POSTGRESQL:
        eduhu.mirror = eduhu.spawn("mirror")


def kill_mirror(eduhu):
    """As a crash would, and back again: the mirror, or the server it runs in."""
    if eduhu.mirror is not None:
        eduhu.mirror.kill()
        eduhu.mirror.wait()
    else:
        eduhu.stop(signal.SIGKILL)
        eduhu.start()
    start_mirror(eduhu)


@contextlib.contextmanager
def signed_in(eduhu):
    """A client of the demo teacher."""
    with httpx.Client(base_url=eduhu.url, timeout=10) as client:
        login = {"email": "demo@eduhu.example", "password": "eduhu-demo"}
        token = client.post("/api/auth/login", json=login).json()["token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield client


@pytest.fixture
def api(eduhu):
    with signed_in(eduhu) as api:
        yield api


def change_something(api, dice):
    """Create, rename or delete a chat, as a teacher would."""
    chats = api.get("/api/chats", params={"limit": 30}).json()["results"]
    what = dice.random()
    if what < 0.4 or len(chats) < 5:
        api.post("/api/chats", json={"title": f"Chat {dice.random()}"})
    elif what < 0.8:
        chat = dice.choice(chats)
        api.patch(f"/api/chats/{chat['id']}", json={"title": f"Neu {dice.random()}"})
    else:
        api.delete(f"/api/chats/{dice.choice(chats)['id']}")


def ours(api):
    chats, url = {}, "/api/chats?limit=100"
    while url:
        page = api.get(url).json()
        chats |= {chat["id"]: chat["title"] for chat in page["results"]}
        url = page["next"]
    return chats


def theirs(server):
    rows = server.store.rows.get("chats", {})
    return {row_id: row["title"] for row_id, row in rows.items() if row["teacher_id"]}


def wait_until_equal(api, server):
    end = time.monotonic() + SECONDS
    while (expected := ours(api)) != theirs(server):
        assert time.monotonic() < end, (f"seed {SEED}", expected, theirs(server))
        time.sleep(0.1)


def wait_for_transactions(server, number):
    """Let the mirror send so many more."""
    wanted, end = len(server.transactions) + number, time.monotonic() + SECONDS
    while len(server.transactions) < wanted:
        assert time.monotonic() < end, f"seed {SEED}"
        time.sleep(0.01)


def wait_for_queries(server, table, number):
    """Let a table be compared by so many more requests; the drain asks for doubtful rows, too."""
    start, end = len(server.log), time.monotonic() + SECONDS
    while (
        sum(
            each.path == "/admin/query" and table in each.body["query"]
            for each in server.log[start:]
        )
        < number
    ):
        assert time.monotonic() < end, f"seed {SEED}"
        time.sleep(0.005)


def sent_twice(server):
    """How many rows were sent again though nothing had changed."""
    sent = [
        (step[2], step[3] and step[3]["mirror_rev"])
        for each in server.transactions
        for step in each.body["steps"]
    ]
    return len(sent) - len(set(sent))


def test_kills_lose_and_double_nothing(eduhu, api, server):
    dice, stop, in_flight = random.Random(SEED), threading.Event(), 0

    def keep_changing():
        while not stop.is_set():
            with contextlib.suppress(httpx.HTTPError):
                change_something(api, dice)
            time.sleep(A_MOMENT)

    writer = threading.Thread(target=keep_changing)
    writer.start()
    try:
        for _ in range(3):
            wait_for_transactions(server, 5 + dice.randrange(10))
            time.sleep(dice.random() / 5)
            kill_mirror(eduhu)
            in_flight += sum(len(each.body["steps"]) for each in server.transactions[-LANES:])
        wait_for_transactions(server, 5)
    finally:
        stop.set()
        writer.join()
    wait_until_equal(api, server)
    assert sent_twice(server) <= in_flight


def test_an_outage_ends_with_everything_there(eduhu, api, server):
    dice = random.Random(SEED)
    server.stop()
    lags = []
    for _ in range(20):
        begun = time.monotonic()
        change_something(api, dice)
        lags.append(time.monotonic() - begun)
    assert sorted(lags)[10] < 0.5  # a teacher notices nothing
    server.start()
    wait_until_equal(api, server)


OLD_ROWS = """
from chats.models import Chat, Message
from django.conf import settings
from django.core.management import call_command

token, settings.INSTANT_APP_ADMIN_TOKEN = settings.INSTANT_APP_ADMIN_TOKEN, ""
chat = Chat.objects.create(title="niemandes")
Message.objects.bulk_create(Message(chat=chat, role="user", content="…") for _ in range(1000))
settings.INSTANT_APP_ADMIN_TOKEN = token
call_command("mirror_reconcile", "--repair")
"""


def test_a_first_copy_beside_writes_may_be_killed_and_run_twice(eduhu, api, server):
    """With rows of a time before the mirror, and with nothing left of those that were sent."""
    dice, stop = random.Random(SEED), threading.Event()

    def keep_changing():
        while not stop.is_set():
            change_something(api, dice)
            time.sleep(A_MOMENT)

    server.store.rows = {}
    writer = threading.Thread(target=keep_changing)
    writer.start()
    try:
        killed = eduhu.spawn("shell", "-v0", "-c", OLD_ROWS)
        wait_for_queries(server, "messages", 3)
        killed.kill()
        assert killed.wait() == -signal.SIGKILL
        both = [eduhu.spawn("mirror_reconcile", "--repair") for _ in range(2)]
        assert [each.wait(SECONDS) for each in both] == [0, 0], eduhu.log.read_text()
    finally:
        stop.set()
        writer.join()
    wait_until_equal(api, server)
    assert len(server.store.rows["messages"]) == 1000


def test_the_mirror_ends_at_a_signal(eduhu, api, server):
    api.post("/api/chats", json={"title": "Optik"})
    wait_until_equal(api, server)
    if eduhu.mirror is not None:
        eduhu.mirror.send_signal(signal.SIGTERM)
        assert eduhu.mirror.wait(10) == 0
        start_mirror(eduhu)
    else:
        assert eduhu.stop() == 0
        eduhu.start()


def test_the_command_says_that_the_mirror_is_off(tmp_path):
    done = run_manage(os.environ, "mirror")
    assert done.returncode == 1
    assert "INSTANT_APP_ADMIN_TOKEN is not set" in done.stderr


def test_the_web_process_tells_that_a_row_is_parked(eduhu, api, server):
    wait_until_equal(api, server)
    server.script(Fault("status", status=413))
    chat = api.post("/api/chats", json={"title": "Optik"}).json()
    end = time.monotonic() + SECONDS
    while "alert: mirror-parked: 1" not in eduhu.log.read_text():
        assert time.monotonic() < end
        time.sleep(0.05)
    api.patch(f"/api/chats/{chat['id']}", json={"title": "Linsen"})
    wait_until_equal(api, server)
