"""Split the bytes of an event stream (text/event-stream) into the data of its events."""

_BOM = b"\xef\xbb\xbf"


class OversizedEvent(ValueError):
    """One event is larger than the reader is willing to hold in memory."""


class SSELines:
    """Incremental reader of an event stream; bytes may be cut anywhere.

    `lines` counts complete, non-empty lines: data, comments and other fields. It
    is the sign of life of a stream, since a peer that sends bytes but never ends
    a line says nothing.
    """

    __slots__ = ("_data", "_ends_in_cr", "_limit", "_parts", "_size", "lines")

    def __init__(self, max_event_bytes: int) -> None:
        self.lines = 0
        self._limit = max_event_bytes
        self._parts: list[bytes] = []  # the line that has not ended yet
        self._data: list[bytes] = []  # the data lines of the event that has not ended yet
        self._size = 0
        self._ends_in_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of each event that `chunk` completes; raise `OversizedEvent`."""
        chunk = self._with_plain_newlines(chunk)
        *ended, rest = chunk.split(b"\n")
        events: list[bytes] = []
        for line in ended:
            if self._parts:
                line = self._release_parts() + line
            self._take_line(line, events)
        if rest:
            self._hold(self._parts, rest)
        return events

    def close(self) -> list[bytes]:
        """Return the data of a last event whose newlines were left out."""
        return self.feed(b"\n\n")

    def _with_plain_newlines(self, chunk: bytes) -> bytes:
        if self._ends_in_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._ends_in_cr = False
        if b"\r" in chunk:
            self._ends_in_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _take_line(self, line: bytes, events: list[bytes]) -> None:
        if not line:
            if self._data:
                events.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                self._data.clear()
            self._size = 0
            return
        if not self.lines:
            line = line.removeprefix(_BOM)
        self.lines += 1
        if line.startswith(b"data:"):
            self._hold(self._data, line[5:].removeprefix(b" "))
        elif line == b"data":
            self._hold(self._data, b"")

    def _release_parts(self) -> bytes:
        held = b"".join(self._parts)
        self._size -= len(held) + len(self._parts)
        self._parts.clear()
        return held

    def _hold(self, where: list[bytes], piece: bytes) -> None:
        self._size += len(piece) + 1  # an empty piece costs memory too
        if self._size > self._limit:
            raise OversizedEvent
        where.append(piece)


class WholeBody:
    """The same door for an answer that is one document: its only event is the whole body."""

    __slots__ = ("_limit", "_parts", "_size", "lines")

    def __init__(self, max_event_bytes: int) -> None:
        self.lines = 0
        self._limit = max_event_bytes
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Keep `chunk` until the end; raise `OversizedEvent`."""
        self._size += len(chunk)
        if self._size > self._limit:
            raise OversizedEvent
        self._parts.append(chunk)
        return []

    def close(self) -> list[bytes]:
        """Return the body."""
        return [b"".join(self._parts)]
