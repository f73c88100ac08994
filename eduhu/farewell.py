"""The last words to a client, in the language of its connection.

Close codes: RFC 6455 7.4 and its registry at IANA; after both of them a client may come back.
"""

import orjson
from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketProtocol

SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013
SLOW_READER = "slow_reader"


def say_restart(connection: WebSocketProtocol) -> None:
    """Close a WebSocket because this process ends."""
    connection.sendCloseFrame(code=SERVICE_RESTART, reasonUtf8=b"service restart")


def say_too_slow(connection: WebRequest | WebSocketProtocol) -> None:
    """Close a WebSocket, or end a stream, with the code `slow_reader`.

    Other answers have no words for it: they are whole already, and only unread.
    """
    if isinstance(connection, WebSocketProtocol):
        connection.sendCloseFrame(code=TRY_AGAIN_LATER, reasonUtf8=SLOW_READER.encode())
    elif _is_open_stream(connection):
        frame = {"type": "reconnect", "after_ms": 0, "code": SLOW_READER}
        connection.write(b"data: " + orjson.dumps(frame) + b"\n\n")
        connection.finish()


def _is_open_stream(request: WebRequest) -> bool:
    kinds = request.responseHeaders.getRawHeaders(b"content-type", [])
    is_stream = any(kind.startswith(b"text/event-stream") for kind in kinds)
    return is_stream and not request.finished
