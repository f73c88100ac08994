"""What a person sees of a reply, over SSE and WebSocket, through cuts and restarts."""

import asyncio
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

Frame = dict[str, Any]  # one JSON event
RECONNECT_SECONDS = 0.2
PATIENCE_SECONDS = 60
LOST = (aiohttp.ClientError, WebSocketException, OSError, EOFError)


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str, retry_after: str | None, seconds: float) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.seconds = seconds


class Cut(EOFError):
    """The connection was torn, as the scenario wanted."""


@dataclass
class Viewer:
    """A teacher's clients of one reply; `tokens` are those of two devices.

    `text` is what they show. `faults` names everything that no client should ever see;
    it stays empty when all is well. Times are monotonic seconds.
    """

    session: aiohttp.ClientSession
    tokens: Sequence[str]
    question: str
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    text: str = ""
    meta: Frame | None = None
    ending: Frame | None = None
    ended_at: float = 0.0
    last_news: float = 0.0
    longest_silence: float = 0.0
    faults: list[str] = field(default_factory=list)
    resumes: list[float] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
    cuts: int = 0
    lost_streams: int = 0
    reconnects: int = 0
    _since: float = 0.0
    _is_resuming: bool = False
    _was_told: bool = False  # why this connection ends
    _pause: float = RECONNECT_SECONDS

    @property
    def reply_id(self) -> str:
        """The reply they follow."""
        assert self.meta is not None
        return self.meta["reply_id"]

    def headers(self, device: int = 0) -> dict[str, str]:
        """The headers of one of the devices."""
        return {"Authorization": f"Bearer {self.tokens[device]}"}

    # --- one connection ----------------------------------------------------------------

    async def ask(self, url: str, cut: int | None = None, **body: Any) -> None:
        """Ask, and read until the end, or until `cut` bytes were read."""
        headers = {**self.headers(), "Idempotency-Key": self.key}
        body = {"content": self.question, **body}
        await self._open("POST", f"{url}/api/chat", headers, body, cut)

    async def again(self, url: str, verb: str) -> None:
        """Retry or continue the reply, and read until the end."""
        self.ending, self.text = None, self.text if verb == "continue" else ""
        headers = {**self.headers(), "Last-Event-ID": str(len(self.text))}
        reply_id = self.reply_id
        self.meta = None
        await self._open("POST", f"{url}/api/replies/{reply_id}/{verb}", headers, None, None)

    async def follow(self, url: str, cut: int | None = None, device: int = 0) -> None:
        """Resume over SSE where the text ends."""
        headers = {**self.headers(device), "Last-Event-ID": str(len(self.text))}
        self._resume()
        await self._open("GET", f"{url}/api/replies/{self.reply_id}/events", headers, None, cut)

    async def _open(
        self, method: str, url: str, headers: dict[str, str], body: Any, cut: int | None
    ) -> None:
        started, self._was_told = time.monotonic(), False
        async with self.session.request(method, url, headers=headers, json=body) as response:
            if response.status != 200:
                raise await _refusal(response, time.monotonic() - started)
            await self._read(response, cut)

    async def _read(self, response: aiohttp.ClientResponse, cut: int | None) -> None:
        received, room = bytearray(), cut
        async for chunk in response.content.iter_any():
            received += chunk if room is None else chunk[:room]
            *frames, rest = bytes(received).split(b"\n\n")
            received = bytearray(rest)
            for frame in frames:
                self._take_event(frame)
            if room is not None and (room := room - len(chunk)) <= 0:
                response.close()
                self.cuts += 1
                raise Cut
        self._connection_ended()

    def _take_event(self, event: bytes) -> None:
        fields = dict(line.partition(b": ")[::2] for line in event.split(b"\n"))
        if b"data" in fields:
            position = fields.get(b"id")
            self.take(json.loads(fields[b"data"]), int(position) if position else None)

    async def follow_socket(self, url: str, cut: int | None = None, device: int = 0) -> None:
        """Resume over a WebSocket where the text ends."""
        assert self.meta is not None
        self._resume()
        address = f"{url.replace('http', 'ws', 1)}/ws/chats/{self.meta['chat_id']}"
        protocols: Any = ["bearer", self.tokens[device]]
        async with connect(address, subprotocols=protocols, proxy=None) as socket:
            resume = {"type": "resume", "reply_id": self.reply_id, "offset": len(self.text)}
            await socket.send(json.dumps(resume))
            await self._read_socket(socket, cut)

    async def _read_socket(self, socket: ClientConnection, cut: int | None) -> None:
        room = cut
        while self.ending is None:
            message = await socket.recv()
            if room is not None and (room := room - len(message)) <= 0:
                socket.transport.abort()
                self.cuts += 1
                raise Cut
            frame = json.loads(message)
            self.take(frame, frame.get("next"))

    # --- what they see -----------------------------------------------------------------

    def take(self, frame: Frame, position: int | None) -> None:
        """Look at one frame; `position` is where a client would resume after it."""
        now = time.monotonic()
        match frame["type"]:
            case "meta" if self.meta is None:
                self.meta = frame
            case "meta" if self.meta != frame:
                self.faults.append(f"another meta: {frame} after {self.meta}")
            case "content":
                self._take_text(frame, position, now)
            case "done" | "error" if "reply_id" in frame:
                self._take_ending(frame, position, now)
            case "error":
                self.lost_streams += 1  # of this connection only; the reply goes on
                self._was_told = True
            case "reconnect":
                self.reconnects += 1
                self._was_told = True
                self._pause = frame["after_ms"] / 1000

    def _take_text(self, frame: Frame, position: int | None, now: float) -> None:
        offset, text = frame["offset"], frame["content"]
        if self.ending is not None:
            self.faults.append("text after the ending")
        if offset != len(self.text):
            kind = "gap" if offset > len(self.text) else "double"
            self.faults.append(f"{kind}: {offset} at {len(self.text)}")
        if position != offset + len(text) or not text:
            self.faults.append(f"position {position} after {len(text)} characters at {offset}")
        self.text = self.text[:offset] + text
        self._news(now)

    def _take_ending(self, frame: Frame, position: int | None, now: float) -> None:
        if self.ending is not None:
            self.faults.append("a second ending")
        if position != frame["offset"]:
            self.faults.append(f"position {position} at an ending at {frame['offset']}")
        if frame["type"] == "done" and frame["offset"] != len(self.text):
            self.faults.append(f"done at {frame['offset']}, text to {len(self.text)}")
        self.ending, self.ended_at, self._was_told = frame, now, True
        self._news(now)

    def _news(self, now: float) -> None:
        if self.last_news:
            self.longest_silence = max(self.longest_silence, now - self.last_news)
        self.last_news = now
        if self._is_resuming:
            self._is_resuming = False
            self.resumes.append(now - self._since)

    def _resume(self) -> None:
        self._since, self._is_resuming = time.monotonic(), True

    def _connection_ended(self) -> None:
        if not self._was_told:
            self.faults.append("a stream ended without an ending")

    def from_the_beginning(self) -> "Viewer":
        """Return somebody who begins to read the same reply only now."""
        return Viewer(self.session, self.tokens, self.question, meta=self.meta)

    # --- until the end -----------------------------------------------------------------

    async def stay(
        self, urls: Sequence[str], seconds: float = PATIENCE_SECONDS, cut: int | None = None
    ) -> "Viewer":
        """Ask, and come back for as long as the reply has not ended; return self.

        With `cut` they leave again after so many bytes.
        """
        servers = cycle(urls)
        try:
            async with asyncio.timeout(seconds):
                while self.ending is None:
                    await self._try(next(servers), cut)
        except TimeoutError:
            self.faults.append(f"no ending in {seconds} s")
        return self

    async def _try(self, url: str, cut: int | None) -> None:
        self._pause, before = RECONNECT_SECONDS, len(self.text)
        try:
            await (self.ask(url, cut) if self.meta is None else self.follow(url, cut))
        except Cut:
            if len(self.text) == before:  # the next frame is larger than that
                await self._try(url, 2 * (cut or 0))
            return
        except Refused as refused:
            self.refusals.append(refused)
        except LOST:
            self.lost_streams += 1
        if self.ending is None:
            await asyncio.sleep(self._pause)


async def _refusal(response: aiohttp.ClientResponse, seconds: float) -> Refused:
    body = await response.read()
    is_problem = response.content_type == "application/problem+json"
    code = json.loads(body).get("code", "") if is_problem else f"no problem body: {body[:80]!r}"
    return Refused(response.status, code, response.headers.get("Retry-After"), seconds)


def client_session() -> aiohttp.ClientSession:
    """Return a session without limits of its own."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
    )
