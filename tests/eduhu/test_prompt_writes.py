"""What a stream writes leaves at once and together; what is not taken waits for the event loop."""

import socket

import pytest
from twisted.internet.protocol import Protocol

from eduhu.prompt_writes import PromptTransport, at_once

MUCH = b"x" * 16 * 1024 * 1024  # more than the operating system keeps


class Reactor:
    """Notes who wants to be told when it can write."""

    def __init__(self):
        self.writers = []

    def addReader(self, _reader):
        pass

    removeReader = addReader

    def addWriter(self, writer):
        self.writers.append(writer)

    def removeWriter(self, writer):
        self.writers = [each for each in self.writers if each is not writer]


@pytest.fixture
def pair():
    """A connection, its reactor, and the socket of its client."""
    ours, client = socket.socketpair()
    client.settimeout(10)
    reactor = Reactor()
    yield PromptTransport(ours, Protocol(), ("127.0.0.1", 1), None, 0, reactor), reactor, client
    ours.close()
    client.close()


def test_a_frame_leaves_in_the_moment_it_is_written_and_in_one_piece(pair):
    transport, reactor, client = pair
    with at_once(transport):
        transport.write(b"id: 5\n")
        transport.writeSequence([b"data: ", b"{}\n\n"])
    assert client.recv(100) == b"id: 5\ndata: {}\n\n"
    assert reactor.writers == []


def test_what_a_slow_client_does_not_take_is_left_to_the_event_loop(pair):
    transport, reactor, client = pair
    with at_once(transport):
        transport.write(MUCH)
    assert reactor.writers == [transport]
    with at_once(transport):
        transport.write(b"end")
    received = b""
    while len(received) < len(MUCH) + 3:
        received += client.recv(1 << 20)
        transport.doWrite()
    assert received == MUCH + b"end"
    assert reactor.writers == []


def test_a_connection_that_ends_meanwhile_is_ended_by_the_event_loop(pair):
    transport, reactor, client = pair
    with at_once(transport):
        transport.write(b"bye")
        transport.loseConnection()
    assert client.recv(100) == b"bye"
    assert reactor.writers == [transport]


def test_a_client_that_is_gone_is_found_out_by_the_event_loop(pair):
    transport, reactor, client = pair
    client.close()
    with at_once(transport):
        transport.write(b"nobody hears this")
    assert reactor.writers == [transport]


def test_all_else_is_written_as_ever(pair):
    transport, reactor, _client = pair
    transport.write(b"an answer")
    assert reactor.writers == [transport]
    with at_once(None):  # a connection that is closed has none
        pass
