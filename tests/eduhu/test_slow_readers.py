"""Clients that do not read are dropped and cost little; who reads slowly, but reads, is kept."""

import asyncio
import base64
import contextlib
import json
import logging
import os
import re
import select
import socket
import time
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from eduhu import slow_readers
from eduhu.slow_readers import (
    CROWDED_BYTES,
    CROWDED_SECONDS,
    FAREWELL_SECONDS,
    LEAST_BYTES,
    SlowReaders,
    taken_bytes,
)
from tests.fakes.ai_script import Script
from tests.readers import Device, until

MEGABYTE = 1024 * 1024
LENGTH = 3 * MEGABYTE  # more than the operating system keeps for a client on the same machine
DEAF = 30
PATIENCE_SECONDS = 10.0
DROPPED_WITHIN = 12.0
MOST_MEMORY = 700  # megabytes; without limits it would be gigabytes


class Transport:
    """A connection as `SlowReaders` sees it."""

    def __init__(self, unsent: int = 1000) -> None:
        self.dataBuffer, self.offset, self._tempDataLen = b"x" * unsent, 0, 0
        self.taken = 0
        self.is_told = self.is_dropped = False

    def abortConnection(self) -> None:
        self.is_dropped = True


class Watch:
    """Looks at transports once a second, on a clock of its own."""

    def __init__(self, monkeypatch) -> None:
        self.readers, self.now = SlowReaders(tell=self.tell), 1000.0
        monkeypatch.setattr(slow_readers.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(slow_readers, "taken_bytes", lambda transport: transport.taken)

    def tell(self, transport: Transport) -> None:
        transport.is_told = True

    def pass_by(self, seconds: float, *transports: Transport, rate: int = 0) -> int:
        """Let `seconds` pass, in which each client takes `rate` bytes a second."""
        dropped = 0
        for _ in range(round(seconds)):
            dropped += self.readers.drop(each for each in transports if not each.is_dropped)
            self.now += 1
            for transport in transports:
                transport.taken += rate
        return dropped


@pytest.fixture
def watch(monkeypatch):
    return Watch(monkeypatch)


def test_who_takes_nothing_is_dropped_when_patience_ends(watch, caplog):
    silent = Transport()
    assert watch.pass_by(PATIENCE_SECONDS, silent) == 0
    assert not caplog.records
    assert watch.pass_by(1, silent) == 1
    assert silent.is_told
    assert not silent.is_dropped
    assert watch.pass_by(FAREWELL_SECONDS, silent) == 0
    assert silent.is_dropped
    [record] = caplog.records
    assert (record.levelno, record.getMessage().split(":")[0]) == (logging.WARNING, "slow_reader")


def test_who_takes_a_byte_a_second_is_dropped_too(watch):
    assert watch.pass_by(PATIENCE_SECONDS + 1, Transport(), rate=1) == 1


def test_who_reads_slowly_is_kept_however_much_waits_and_grows(watch):
    slow = Transport(unsent=MEGABYTE)
    for _ in range(30):
        assert watch.pass_by(10, slow, rate=int(LEAST_BYTES / PATIENCE_SECONDS) + 1) == 0
        slow._tempDataLen += MEGABYTE


def test_a_pause_shorter_than_patience_is_forgiven_again_and_again(watch):
    reader = Transport()
    for _ in range(20):
        assert watch.pass_by(PATIENCE_SECONDS - 1, reader) == 0
        reader.taken += LEAST_BYTES


def test_who_has_taken_everything_begins_anew(watch):
    reader = Transport()
    assert watch.pass_by(PATIENCE_SECONDS, reader) == 0
    watch.readers.drop([])  # nothing waits for anybody
    assert watch.pass_by(PATIENCE_SECONDS, reader) == 0


def test_when_too_much_waits_for_all_together_patience_is_short(watch):
    crowd = [Transport(unsent=CROWDED_BYTES // 8) for _ in range(9)]
    reading = Transport()
    for _ in range(int(CROWDED_SECONDS)):
        assert watch.pass_by(1, *crowd, reading) == 0
        reading.taken += LEAST_BYTES
    assert watch.pass_by(1, *crowd, reading) == 9
    assert not reading.is_dropped


def test_what_a_client_takes_is_counted_by_the_operating_system():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        transport = Transport(unsent=0)
        transport.socket, _address = server.accept()
    with client, transport.socket:
        before = taken_bytes(transport)
        transport.socket.sendall(b"x" * 1000)
        assert len(client.recv(2000)) == 1000
        deadline = time.monotonic() + 5
        while taken_bytes(transport) != before + 1000:
            assert time.monotonic() < deadline


class Client:
    """A connection that reads only when it is told to."""

    def __init__(self, device: Device, path: str, buffer: int = 4096, **headers: str) -> None:
        address = urlsplit(device.url)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect((address.hostname, address.port))
        headers = {"Host": address.netloc, "Authorization": f"Bearer {device.token}", **headers}
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.begin()
        self.socket.setblocking(False)

    def begin(self) -> None:
        """Do what comes before the silence."""

    @property
    def is_dropped(self) -> bool:
        poll = select.poll()
        poll.register(self.socket, 0)
        return bool(poll.poll(0))  # an error or a hang-up; readable bytes do not count

    async def read(self, rate: int, pause: float) -> bytes:
        """Read to the end of the answer, `rate` bytes after each `pause`."""
        loop, read = asyncio.get_running_loop(), bytearray()
        while not read.endswith(b"\r\n0\r\n\r\n"):
            more = await loop.sock_recv(self.socket, rate)
            assert more, "closed before the end"
            read += more
            await asyncio.sleep(pause)
        return bytes(read)


class SocketClient(Client):
    """A WebSocket that reads nothing after its opening."""

    def __init__(self, device: Device, chat_id: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        super().__init__(
            device, f"/ws/chats/{chat_id}", Connection="Upgrade", Upgrade="websocket",
            **{
                "Sec-WebSocket-Key": key,
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Protocol": f"bearer, {device.token}",
            },
        )  # fmt: skip

    def begin(self) -> None:
        """Wait for the opening."""
        assert self.socket.recv(4096).startswith(b"HTTP/1.1 101")

    def send(self, frame: dict[str, object]) -> None:
        """Send a frame, without waiting."""
        body = json.dumps(frame).encode()
        assert len(body) < 126
        with contextlib.suppress(ConnectionError, BlockingIOError):
            self.socket.send(bytes([0x81, 0x80 | len(body)]) + bytes(4) + body)


class Memory:
    """The resident memory of a process in megabytes, looked at all the time (Linux)."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self.before = self.peak = self.now()

    def now(self) -> int:
        [line] = [each for each in self._status.read_text().splitlines() if "VmRSS" in each]
        return int(line.split()[1]) // 1024

    async def watch(self) -> None:
        while True:
            self.peak = max(self.peak, self.now())
            await asyncio.sleep(0.02)


def texts(body: bytes) -> str:
    """The text of a raw stream of events."""
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    frames = [json.loads(line[6:]) for line in lines if line.startswith(b"data: ")]
    return "".join(frame["content"] for frame in frames if frame["type"] == "content")


@pytest.fixture
async def device(cluster):
    async with Device(cluster.urls[0], cluster.tokens.pop()[0]) as device:
        yield device


@pytest.fixture
def connect(device):
    """`connect(kind, …)` gives a client of the device, which is closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(kind: type[Client], *args: object) -> Client:
            client = kind(device, *args)
            stack.callback(client.socket.close)
            return client

        yield make


@pytest.fixture
async def long_reply(cluster, device):
    """The meta data of a reply that is as long as none should be."""
    cluster.ai.script = Script(pieces=("Zwölf Boxkämpfer. " * 1000,) * (LENGTH // 18_000))
    stream = await (await device.ask("Sehr lang, bitte.")).read()
    assert stream.ending.data["finish_reason"] == "stop"
    return {**stream.meta, "text": stream.text}


def are_dropped(clients: list[Client], share: float = 1.0) -> bool:
    return sum(client.is_dropped for client in clients) >= share * len(clients)


async def trickle(clients: list[Client]) -> None:
    """Read a byte now and then."""
    while True:
        for client in clients:
            with contextlib.suppress(OSError):
                client.socket.recv(1)
        await asyncio.sleep(0.2)


async def insist(clients: list[SocketClient], frame: dict[str, object]) -> None:
    """Ask for the same long reply again and again."""
    while True:
        for client in clients * 2:
            client.send(frame)
        await asyncio.sleep(0.1)


def dropped_since(log: Path, position: int) -> int:
    """How many clients a server says it has dropped."""
    return sum(map(int, re.findall(r"slow_reader: (\d+) dropped", log.read_text()[position:])))


async def read_all(client: Client) -> bytes:
    """Read until the connection ends or nothing more comes."""
    loop, read = asyncio.get_running_loop(), bytearray()
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(FAREWELL_SECONDS):
            while more := await loop.sock_recv(client.socket, MEGABYTE):
                read += more
    return bytes(read)


@contextlib.asynccontextmanager
async def running(*works: Coroutine[Any, Any, None]):
    """Let `works` go on for the length of the block."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def fill_library(device: Device) -> None:
    """Store so much that a page of it is large."""
    body = {"title": "Buch", "content": "x" * 500_000, "artifact_type": "worksheet"}
    for _ in range(2 * LENGTH // 500_000):
        assert (await device.call("POST", "/api/artifacts", body))[0] == 201


@pytest.mark.parametrize(
    ("kind", "farewell"),
    [
        (Client, b'data: {"type":"reconnect","after_ms":0,"code":"slow_reader"}\n\n\r\n0\r\n\r\n'),
        (SocketClient, b"\x88\x0d\x03\xf5slow_reader"),
    ],
)
async def test_who_reads_again_hears_why_the_connection_ends(
    cluster, device, long_reply, connect, kind, farewell
):
    log, reply_id = cluster.webs[0].log, long_reply["reply_id"]
    before = len(log.read_text())
    if kind is SocketClient:
        client = connect(SocketClient, long_reply["chat_id"])
        client.send({"type": "resume", "reply_id": reply_id, "offset": 0})
    else:
        client = connect(Client, f"/api/replies/{reply_id}/events")
    await until(lambda: dropped_since(log, before), DROPPED_WITHIN)
    assert (await read_all(client)).endswith(farewell)


async def test_who_does_not_read_is_dropped_and_costs_little_and_who_reads_is_kept(
    cluster, device, long_reply, connect
):
    await fill_library(device)
    path = f"/api/replies/{long_reply['reply_id']}/events"
    resume = {"type": "resume", "reply_id": long_reply["reply_id"], "offset": 0}
    memory = Memory(cluster.webs[0].pid)
    sockets = [connect(SocketClient, long_reply["chat_id"]) for _ in range(2)]
    trickling = [connect(Client, path) for _ in range(5)]
    deaf = [connect(Client, each) for each in [path] * DEAF + ["/api/artifacts"] * 5]
    slow = asyncio.create_task(connect(Client, path, 65536).read(16_384, pause=0.04))
    async with (
        running(memory.watch(), trickle(trickling), insist(sockets, resume)),
        device.socket(long_reply["chat_id"]) as idle,
    ):
        whole = await (await device.follow(long_reply["reply_id"])).read()
        await until(partial(are_dropped, [*deaf, *trickling, *sockets]), DROPPED_WITHIN)
        assert (await idle.ask({"type": "ping"}))["type"] == "pong"
    assert whole.text == texts(await slow) == long_reply["text"]
    assert "slow_reader:" in cluster.webs[0].log.read_text()
    assert memory.peak - memory.before < MOST_MEMORY
