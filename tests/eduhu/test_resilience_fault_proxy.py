"""The faulty proxy does to a connection what it says, and leaves nothing behind."""

import asyncio
import contextlib
import gc
import socket
import time

import pytest

from tests.fakes.ai_server import AIServer
from tests.fakes.fault_proxy import FaultProxy, Faults, fault_proxy_in_thread

pytestmark = pytest.mark.timeout(20)


@pytest.fixture
async def proxy():
    """A proxy before a service that says every line twice, and ends with its client."""

    async def serve(reader, writer):
        while line := await reader.readline():
            writer.write(line * 2)
            await writer.drain()
        writer.close()

    before = asyncio.all_tasks()
    service = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with FaultProxy(*service.sockets[0].getsockname()) as running:
        yield running
    service.close()
    await service.wait_closed()
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}


class Client:
    """A line-wise client, used with `async with`."""

    def __init__(self, port):
        self.port = port

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_):
        self.writer.transport.abort()
        await asyncio.sleep(0.01)

    async def say(self, text="abcd\n", wait=0.5):
        self.writer.write(text.encode())
        async with asyncio.timeout(wait):
            return (await self.reader.readexactly(2 * len(text))).decode()


@pytest.fixture
async def client(proxy):
    async with Client(proxy.port) as connected:
        yield connected


async def test_proxy_carries_both_ways_until_both_sides_have_ended(proxy, client):
    assert await client.say("x" * 50_000 + "\n") == ("x" * 50_000 + "\n") * 2
    client.writer.write(b"last\n")
    client.writer.write_eof()
    assert await client.reader.read() == b"last\nlast\n"
    client.writer.close()
    await asyncio.sleep(0.05)
    assert (proxy.connections, proxy.accepted) == (0, 1)


async def test_latency_holds_both_ways(proxy, client):
    proxy.faults = Faults(latency=0.1)
    started = time.monotonic()
    await client.say()
    assert 0.19 < time.monotonic() - started < 2


async def test_rate_is_limited(proxy, client):
    await client.say()
    proxy.faults = Faults(bytes_per_second=100)
    started = time.monotonic()
    await client.say("x" * 19 + "\n", wait=5)
    assert 0.5 < time.monotonic() - started < 3


async def test_connection_is_cut_behind_the_last_byte(proxy, client):
    proxy.faults = Faults(after=7, then="cut")
    client.writer.write(b"abcd\n")
    assert await client.reader.read() == b"abcd\nab"


async def test_connection_is_reset(proxy, client):
    proxy.faults = Faults(then="reset")
    with pytest.raises(ConnectionResetError):
        await client.say()


async def test_silence_ends_when_the_fault_is_taken_back(proxy, client):
    proxy.faults = Faults(after=4, then="hang")
    with pytest.raises(TimeoutError):
        await client.say(wait=0.1)
    proxy.faults = Faults()
    assert await client.reader.readexactly(10) == b"abcd\nabcd\n"
    assert await client.say() == "abcd\nabcd\n"


async def test_client_may_leave_a_silent_connection(proxy, client):
    proxy.faults = Faults(then="hang")
    with pytest.raises(TimeoutError):
        await client.say(wait=0.1)
    client.writer.close()
    await asyncio.sleep(0.05)
    assert proxy.connections == 0


async def test_half_closed_connection_says_that_nothing_follows(proxy, client):
    proxy.faults = Faults(after=5, then="half_close")
    client.writer.write(b"abcd\n")
    assert await client.reader.read() == b"abcd\n"
    client.writer.write(b"still open\n")
    await client.writer.drain()
    assert proxy.connections == 1


async def test_whoever_connects_may_be_refused_and_the_others_go_on(proxy, client):
    await client.say()
    proxy.faults = Faults(refuse=True)
    async with Client(proxy.port) as late:
        with pytest.raises(ConnectionResetError):
            await late.say()
    assert await client.say() == "abcd\nabcd\n"


async def test_service_that_is_not_there_closes_the_connection():
    async with FaultProxy("127.0.0.1", 1) as proxy, Client(proxy.port) as client:
        assert await client.reader.read() == b""


def test_proxy_in_a_thread_is_controlled_from_outside():
    async def serve(reader, writer):
        writer.write(await reader.readline())
        writer.close()

    async def ask(port):
        async with Client(port) as client:
            client.writer.write(b"abcd\n")
            return await client.reader.read()

    async def both():
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as service:
            host, port = service.sockets[0].getsockname()
            with fault_proxy_in_thread(host, port) as proxy:
                whole = await ask(proxy.port)
                proxy.faults = Faults(after=2, then="cut")
                return whole, await ask(proxy.port)

    assert asyncio.run(both()) == (b"abcd\n", b"ab")


@pytest.mark.parametrize("turns", range(5))
@pytest.mark.parametrize("make", [AIServer, lambda: FaultProxy("127.0.0.1", 1)])
async def test_whoever_comes_while_a_stand_in_stops_is_let_go(make, turns):
    with socket.socket() as client:
        client.setblocking(False)
        async with make() as server:
            client.connect_ex(("127.0.0.1", server.port))
            for _ in range(turns):
                await asyncio.sleep(0)
        gc.collect()  # a socket left open would be reported now
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.get_running_loop().sock_recv(client, 1) == b""
