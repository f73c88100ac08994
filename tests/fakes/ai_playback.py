"""How the scripted AI server plays an answer, and each way in which it can go wrong."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from itertools import cycle

from tests.fakes.ai_connection import Connection, Recorded
from tests.fakes.ai_script import Dialect, Frames, Script


async def refused(
    connection: Connection, record: Recorded, script: Script, dialect: Dialect
) -> bool:
    """Play the faults that come before the first byte of an answer."""
    fault = script.fault
    if fault == "hang_before_first_byte":
        await asyncio.Event().wait()
    if fault == "not_json_html":
        page = f"<!doctype html>\n<title>{script.said}</title>\n".encode()
        connection.send_whole(200, "text/html", page)
    elif fault == "redirect":
        connection.send_json(307, dialect.error(script), "Location: /v1/models")
    elif fault.startswith("status_"):
        wait = (f"Retry-After: {script.retry_after}",) if script.retry_after else ()
        connection.send_json(int(fault.removeprefix("status_")), dialect.error(script), *wait)
    elif fault == "refuse_stream_options" and "stream_options" in record.body:
        extra = {"type": "extra_forbidden", "loc": ["body", "stream_options"]}
        connection.send_json(422, {"detail": [{**extra, "input": record.body}]})
    else:
        return False
    return True


async def stream(
    connection: Connection, record: Recorded, script: Script, dialect: Dialect
) -> None:
    """Send the answer as an event stream, with the fault of the script."""
    wants_usage = record.body.get("stream_options", {}).get("include_usage") is True
    connection.begin_stream(script.framing)
    frames = dialect.frames(script, wants_usage)
    await _WHOLE_FAULTS.get(script.fault, _play)(connection, record, script, frames)


async def _play(connection: Connection, record: Recorded, script: Script, frames: Frames) -> None:
    if script.fault == "none" and not script.delay and not script.stamp:
        await connection.send(frames.joined())
        record.tokens_sent = len(frames.tokens)
    else:
        await connection.send(frames.opening)
        await _play_tokens(connection, record, script, frames)
        if connection.transport.is_closing():
            return
        await connection.send(frames.closing)
    if script.fault == "hang_after_done":
        await asyncio.Event().wait()
    connection.end_stream()


async def _play_tokens(
    connection: Connection, record: Recorded, script: Script, frames: Frames
) -> None:
    fault = _MID_FAULTS.get(script.fault)
    clock = asyncio.get_running_loop().time
    due = clock()
    made = _stamped(frames) if script.stamp else None
    for number, frame in enumerate(frames.tokens, 1):
        if script.delay:
            due += script.delay
            await asyncio.sleep(max(due - clock(), 0))
        await connection.send(made() if made else frame)
        record.tokens_sent = number
        if fault is not None and number == script.after:
            await fault(connection, script, frames)
            return


def _stamped(frames: Frames) -> Callable[[], bytes]:
    before, after = frames.marked.split(b"@")
    return lambda: b"%s%.6f %s" % (before, time.monotonic(), after)


async def _hang(connection: Connection, script: Script, frames: Frames) -> None:
    await asyncio.Event().wait()


async def _cut(connection: Connection, script: Script, frames: Frames) -> None:
    next_frame = connection.framed(frames.closing)
    connection.transport.write(next_frame[: len(next_frame) // 4])
    connection.transport.close()


async def _reset(connection: Connection, script: Script, frames: Frames) -> None:
    peer = connection.transport.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.transport.abort()


async def _bad_json(connection: Connection, script: Script, frames: Frames) -> None:
    await connection.send(f'data: {{"choices": [{script.said}\n\n'.encode())
    await asyncio.Event().wait()


async def _error_event(connection: Connection, script: Script, frames: Frames) -> None:
    await connection.send(frames.error)
    await asyncio.Event().wait()


async def _comments(connection: Connection, script: Script, frames: Frames) -> None:
    while True:
        await connection.send(b": keep-alive\n\n")
        await asyncio.sleep(script.delay or 0.02)


_MID_FAULTS = {
    "hang_mid_stream": _hang,
    "cut_after_n_tokens": _cut,
    "reset_after_n_tokens": _reset,
    "bad_json": _bad_json,
    "error_event": _error_event,
    "comments_only": _comments,
}


async def _hang_after_headers(
    connection: Connection, record: Recorded, script: Script, frames: Frames
) -> None:
    await asyncio.Event().wait()


async def _endless(
    connection: Connection, record: Recorded, script: Script, frames: Frames
) -> None:
    for frame in cycle(frames.tokens):
        await connection.send(frame)
        record.tokens_sent += 1
        await asyncio.sleep(script.delay)


async def _byte_by_byte(
    connection: Connection, record: Recorded, script: Script, frames: Frames
) -> None:
    slow = script.fault == "one_byte_per_second"
    body = frames.joined()
    for position in range(len(body)):
        await connection.send(body[position : position + 1])
        await asyncio.sleep((script.delay or 1.0) if slow else script.delay)
    connection.end_stream()


async def _wrong_encoding(
    connection: Connection, record: Recorded, script: Script, frames: Frames
) -> None:
    await connection.send(frames.joined().decode().encode("latin-1", "replace"))
    connection.end_stream()


_WHOLE_FAULTS = {
    "hang_after_headers": _hang_after_headers,
    "endless": _endless,
    "one_byte_per_second": _byte_by_byte,
    "split_everywhere": _byte_by_byte,
    "wrong_encoding": _wrong_encoding,
}
