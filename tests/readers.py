"""Clients of the streams, for tests: they see events as they arrive, and check their form."""

import asyncio
import contextlib
import io
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect

EVENT = re.compile(rb"(?:retry: \d+\n)?(?:id: (\d+)\n)?data: (\{[^\n]*\})\n\n")
COMMENT = re.compile(rb":[^\n]*\n\n")
SECONDS = 10.0


@dataclass(frozen=True)
class Event:
    """One event of a stream. `at` is the monotonic time at which it had arrived."""

    at: float
    data: dict[str, Any]
    id: int | None = None

    @property
    def type(self) -> str:
        return self.data["type"]


def parse_flush(flush: bytes) -> Event:
    """Read what was sent as one piece: exactly one event or comment, in compact JSON."""
    if COMMENT.fullmatch(flush):
        return Event(time.monotonic(), {"type": "comment"})
    match = EVENT.fullmatch(flush)
    assert match, f"not one whole frame: {flush!r}"
    data = json.loads(match[2])
    assert match[2].decode() == json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Event(time.monotonic(), data, int(match[1]) if match[1] else None)


def text_of(events: Iterable[Event], start: int = 0) -> str:
    """Return the text of the events; fail at a gap or a double, counted in characters."""
    pieces = []
    for event in events:
        if event.type != "content":
            continue
        piece, position = event.data["content"], start + sum(map(len, pieces))
        assert piece, "an empty piece"
        assert event.data["offset"] == position
        assert event.id == position + len(piece)
        pieces.append(piece)
    return "".join(pieces)


class Stream:
    """The answer to a question or a resume, read flush by flush."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.events: list[Event] = []
        self._response = response

    async def next(self) -> Event | None:
        """Return the next event or comment, or None at the end."""
        flush, content = b"", self._response.content
        while not content.at_eof():
            more, is_whole = await asyncio.wait_for(content.readchunk(), SECONDS)
            flush += more
            if flush and is_whole:
                self.events.append(parse_flush(flush))
                return self.events[-1]
        assert not flush, f"cut in the middle of {flush!r}"
        return None

    async def until(self, condition: Callable[[Event], bool]) -> Event:
        """Read up to and with the first event that meets `condition`."""
        while (event := await self.next()) is not None:
            if condition(event):
                return event
        raise AssertionError(f"ended before: {self.types}")

    async def read(self) -> "Stream":
        """Read to the end."""
        while await self.next() is not None:
            pass
        return self

    async def problem(self) -> dict[str, Any]:
        """Return the body of a refusal."""
        assert self.headers["Content-Type"] == "application/problem+json"
        return json.loads(await self._response.read())

    def close(self) -> None:
        """Leave, whatever may still come."""
        self._response.close()

    @property
    def types(self) -> list[str]:
        """The kinds of events so far, without comments, repetitions folded."""
        kinds = [event.type for event in self.events if event.type != "comment"]
        return [kind for kind, before in zip(kinds, [None, *kinds], strict=False) if kind != before]

    @property
    def meta(self) -> dict[str, Any]:
        assert self.events[0].type == "meta"
        return self.events[0].data

    @property
    def text(self) -> str:
        return text_of(self.events)

    @property
    def ending(self) -> Event:
        assert self.events[-1].type in {"done", "error"}, self.types
        return self.events[-1]


class Socket:
    """A WebSocket of a chat."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, frame: Any) -> None:
        """Send a frame: text and bytes as they are, anything else as JSON."""
        is_raw = isinstance(frame, str | bytes)
        await self.connection.send(frame if is_raw else json.dumps(frame))

    async def receive(self) -> Event:
        """Return the next frame; `next` stands where SSE has its id."""
        raw = await asyncio.wait_for(self.connection.recv(), SECONDS)
        assert isinstance(raw, str)
        data = json.loads(raw)
        return Event(time.monotonic(), data, data.get("next"))

    async def until(self, *types: str) -> list[Event]:
        """Read up to and with the first frame of one of `types`."""
        events = [await self.receive()]
        while events[-1].type not in types:
            events.append(await self.receive())
        return events

    async def ask(self, frame: Any) -> dict[str, Any]:
        """Send a frame and return the one that answers it."""
        await self.send(frame)
        return (await self.receive()).data


class Device:
    """A signed-in teacher's client at a running server. Use it with `async with`."""

    def __init__(self, url: str, token: str, **headers: str) -> None:
        self.url = url
        self.token = token
        self._headers = {"Authorization": f"Bearer {token}", **headers}
        self._streams: list[Stream] = []

    async def __aenter__(self) -> "Device":
        timeout = aiohttp.ClientTimeout(total=6 * SECONDS)
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        for stream in self._streams:
            stream.close()
        await self._session.close()

    async def ask(self, body: Any, **headers: str) -> Stream:
        """Post to /api/chat: text as a message of its own, bytes as they are, else JSON."""
        if isinstance(body, str):
            body = {"messages": [{"role": "user", "content": body}]}
        return await self.post("/api/chat", body, **headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> Stream:
        """Post to where a reply starts: bytes as they are, None as no body, else JSON."""
        data = (
            b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        headers = {"Content-Type": "application/json", **headers}
        return self._stream(
            await self._session.post(self.url + path, data=io.BytesIO(data), headers=headers)
        )

    async def follow(self, reply_id: str, last_event_id: object = None) -> Stream:
        """Read a reply from the position after `last_event_id`, or from its beginning."""
        headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
        path = f"{self.url}/api/replies/{reply_id}/events"
        return self._stream(await self._session.get(path, headers=headers))

    async def again(self, reply_id: str, verb: str, **headers: str) -> Stream:
        """Post to /api/replies/{id}/retry or /continue."""
        return await self.post(f"/api/replies/{reply_id}/{verb}", **headers)

    def _stream(self, response: aiohttp.ClientResponse) -> Stream:
        self._streams.append(Stream(response))
        return self._streams[-1]

    async def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """Return the status and the JSON of an answer."""
        sent = {"json": body, "headers": headers}
        async with self._session.request(method, self.url + path, **sent) as response:
            raw = await response.read()
            return response.status, json.loads(raw) if raw else None

    async def get(self, path: str) -> Any:
        """Return the JSON of a GET that must succeed."""
        status, body = await self.call("GET", path)
        assert status == 200, body
        return body

    async def messages(self, chat_id: str) -> list[dict[str, Any]]:
        """Return the messages of a chat in reading order."""
        return (await self.get(f"/api/chats/{chat_id}/messages"))["results"]

    async def said(self, chat_id: str) -> list[tuple[str, str]]:
        """Return role and text of each message of a chat."""
        return [(each["role"], each["content"]) for each in await self.messages(chat_id)]

    async def new_chat(self) -> str:
        """Create a chat and return its id."""
        status, chat = await self.call("POST", "/api/chats", {})
        assert status == 201
        return chat["id"]

    async def cancel(self, reply_id: str) -> int:
        """Stop a reply; return the status."""
        return (await self.call("POST", f"/api/replies/{reply_id}/cancel"))[0]

    def socket(self, chat_id: str, **options: Any) -> "SocketOpening":
        """Open a socket with `async with`; `options` are those of websockets' `connect`."""
        options = {"subprotocols": ["bearer", self.token], **options}
        return SocketOpening(f"{self.url.replace('http', 'ws', 1)}/ws/chats/{chat_id}", options)

    def events(self) -> "SocketOpening":
        """Open the socket of the teacher's own changes with `async with`."""
        options = {"subprotocols": ["bearer", self.token]}
        return SocketOpening(f"{self.url.replace('http', 'ws', 1)}/ws/events", options)


class SocketOpening:
    """A socket that opens with `async with` and closes at the end of the block."""

    def __init__(self, url: str, options: dict[str, Any]) -> None:
        self._connecting = connect(url, proxy=None, open_timeout=SECONDS, **options)

    async def __aenter__(self) -> Socket:
        return Socket(await self._connecting.__aenter__())

    async def __aexit__(self, *details: Any) -> None:
        await self._connecting.__aexit__(*details)


@contextlib.asynccontextmanager
async def devices_at(urls: Iterable[str], token: str) -> AsyncIterator[list[Device]]:
    """Devices of one teacher, one at each server."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Device(url, token)) for url in urls]


async def until(condition: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """Wait until `condition` is true and return its value; fail after `seconds`."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            pytest.fail("it did not happen in time")
        await asyncio.sleep(0.005)
    return value
