"""What a bulk write costs with and without the mirror; to be run inside `manage.py shell`."""

import json
import time
from collections.abc import Callable
from contextlib import nullcontext

from benchmarks.measure import spread
from chats.models import Chat, Message
from eduhu.mirror import capture

ROWS = 1000
ROUNDS = 25


def tell() -> None:
    """Print the figures as JSON: for each table milliseconds without and with the mirror."""
    chat = Chat.objects.create(title="Optik")
    print(json.dumps({"chats": _both(_chats), "messages": _both(lambda: _messages(chat))}))


def _both(write: Callable[[], object]) -> dict[str, object]:
    """Take turns, so that both meet the same noise."""
    took: dict[str, list[float]] = {"without": [], "with": []}
    for _round in range(ROUNDS):
        for name, times in took.items():
            with capture.paused() if name == "without" else nullcontext():
                begun = time.perf_counter()
                write()
                times.append((time.perf_counter() - begun) * 1000)
    return {name: spread(times) for name, times in took.items()}


def _chats() -> object:
    return Chat.objects.bulk_create(Chat(title=f"Chat {n}") for n in range(ROWS))


def _messages(chat: Chat) -> object:
    return Message.objects.bulk_create(
        Message(chat=chat, role="user", content=f"Frage {n}") for n in range(ROWS)
    )
