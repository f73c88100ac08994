"""Many readers at once, each on its own connection, for as little CPU as Python can do.

While a stream runs, its bytes and their times are only kept. They are read
afterwards, so that the reading is not in anybody's way.
"""

import asyncio
import re
import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

_FRAME = re.compile(rb"data: (\{[^\n]*\})\r?\n")
_STAMP = re.compile(r"(\d+\.\d{6}) ")


@dataclass(frozen=True)
class Question:
    """What to ask where: the answer is `tokens` tokens, one each `delay` seconds."""

    url: str
    token: str
    tokens: int
    delay: float

    @property
    def ideal_seconds(self) -> float:
        """How long the upstream itself takes."""
        return self.tokens * self.delay

    @property
    def model(self) -> str:
        """The script of the AI server."""
        return script(self.tokens, self.delay)

    def request(self) -> bytes:
        """Return the whole request."""
        body = orjson.dumps({"content": "Eine Frage zu Brüchen", "model": self.model})
        head = (
            "POST /api/chat HTTP/1.1\r\n"
            f"Host: {urlsplit(self.url).netloc}\r\n"
            f"Authorization: Bearer {self.token}\r\n"
            "Content-Type: application/json\r\n"
            "Connection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def script(tokens: int, delay: float) -> str:
    """Return the model name that makes the AI server say so many tokens, with their times."""
    return f"script?tokens={tokens}&delay={delay}&stamp=true"


@dataclass
class Stream(asyncio.Protocol):
    """One reader."""

    question: Question
    done: "asyncio.Future[None]"
    chunks: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    sent: float = 0.0
    ended: float = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.sent = time.monotonic()
        transport.write(self.question.request())

    def data_received(self, data: bytes) -> None:
        """Keep what comes."""
        self.times.append(time.monotonic())
        self.chunks.append(data)
        if b'"type":"done"' in data or b'"type":"error"' in data:
            self.ended = self.times[-1]
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Be done; `read_tokens` tells whether the answer was whole."""
        self.ended = self.ended or time.monotonic()
        if not self.done.done():
            self.done.set_result(None)


async def ask_all(questions: Sequence[Question], *, spread: float) -> list[Stream]:
    """Ask all questions, `spread` seconds apart, and return the streams when all have ended."""
    loop = asyncio.get_running_loop()
    started, streams = loop.time(), []
    for number, question in enumerate(questions):
        await asyncio.sleep(max(0.0, started + number * spread - loop.time()))
        stream = Stream(question, loop.create_future())
        where = urlsplit(question.url)
        await loop.create_connection(lambda made=stream: made, where.hostname, where.port)
        streams.append(stream)
    longest = max(question.ideal_seconds for question in questions)
    async with asyncio.timeout(longest * 5 + 30):
        await asyncio.gather(*(stream.done for stream in streams))
    return streams


def percentiles(values: Iterable[float]) -> dict[str, float]:
    """Return p50, p95, p99 and max of at least one value."""
    numbers = sorted(values)
    last = len(numbers) - 1
    points = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(numbers[round(last * point)], 3) for name, point in points.items()}


def summary(streams: Sequence[Stream]) -> dict[str, Any]:
    """Return what the readers of one cell have seen; times in milliseconds.

    Raises AssertionError for a stream that is not whole.
    """
    first, added, ratios, tokens = [], [], [], 0
    for stream in streams:
        stamps = read_tokens(stream)
        question = stream.question
        assert len(stamps) == question.tokens, b"".join(stream.chunks)[-500:]
        tokens += len(stamps)
        first.append((stamps[0][1] - stream.sent - question.delay) * 1000)
        added += [(arrived - left) * 1000 for left, arrived in stamps]
        ratios.append((stream.ended - stream.sent) / max(question.ideal_seconds, 1e-9))
    wall = max(each.ended for each in streams) - min(each.sent for each in streams)
    return {
        "tokens": tokens,
        "tokens_per_second": round(tokens / wall),
        "first_token_over_upstream_ms": percentiles(first),
        "added_per_token_ms": percentiles(added),
        "time_over_ideal": percentiles(ratios),
    }


def read_tokens(stream: Stream) -> list[tuple[float, float]]:
    """Return when each token left the upstream and when it arrived."""
    ends, length = [], 0
    for chunk in stream.chunks:
        length += len(chunk)
        ends.append(length)
    read = []
    for frame in _FRAME.finditer(b"".join(stream.chunks)):
        arrived = stream.times[bisect_left(ends, frame.end())]
        content = orjson.loads(frame[1]).get("content", "")
        read += [(float(stamp), arrived) for stamp in _STAMP.findall(content)]
    return read
