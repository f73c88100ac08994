"""What clients hear without asking; the only door to the channel layer.

An event names a row, never its content: whoever hears it reads the row, so that
an event that comes twice, late or out of order does no harm. The layer may lose
one; a client that reconnects takes a snapshot first.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)

Event = dict[str, Any]  # a message of the channel layer; `type` names the consumer's method
Loader = Callable[[Any, uuid.UUID], dict[str, Any] | None]  # (teacher, id) → the row as JSON

_loop: asyncio.AbstractEventLoop | None = None
_loaders: dict[str, Loader] = {}


def attach(loop: asyncio.AbstractEventLoop | None) -> None:
    """Send from this loop; the in-memory layer notices other loops only seconds later."""
    global _loop
    _loop = loop


def register_table(table: str, loader: Loader) -> None:
    """Name who reads a row of `table` for its teacher (None when it is gone)."""
    _loaders[table] = loader


def load_row(teacher: Any, table: str, row_id: uuid.UUID) -> dict[str, Any] | None:
    """Return a row as its teacher may see it now, or None."""
    return _loaders[table](teacher, row_id)


def teacher_group(teacher_id: uuid.UUID) -> str:
    """Return the group of all sockets of a teacher."""
    return f"teacher.{teacher_id}"


def chat_group(chat_id: uuid.UUID) -> str:
    """Return the group of all sockets on a chat."""
    return f"chat.{chat_id}"


def row_changed(teacher_id: uuid.UUID | None, table: str, row_id: uuid.UUID) -> None:
    """After the commit, tell a teacher's devices that a row changed or is gone."""
    if teacher_id is not None:
        event = {"type": "row.changed", "table": table, "id": str(row_id)}
        publish_on_commit(teacher_group(teacher_id), event)


def reply_began(chat_id: uuid.UUID, reply_id: uuid.UUID, attempt: int) -> None:
    """After the commit, tell the devices on a chat that a reply is to be followed."""
    event = {"type": "reply.began", "reply_id": str(reply_id), "attempt": attempt}
    publish_on_commit(chat_group(chat_id), event)


def signed_out(teacher_id: uuid.UUID) -> None:
    """After the commit, let all sockets of a teacher check their token again."""
    publish_on_commit(teacher_group(teacher_id), {"type": "signed.out"})


def publish_on_commit(group: str, event: Event) -> None:
    """Send `event` after the commit of the current transaction."""
    transaction.on_commit(partial(publish_now, group, event))


def publish_now(group: str, event: Event) -> None:
    """Send `event`, from any thread; a failure is logged, as clients can ask for a snapshot."""
    sending = get_channel_layer().group_send
    if _loop is not None and not _loop.is_closed():
        asyncio.run_coroutine_threadsafe(sending(group, event), _loop).add_done_callback(_log)
    elif settings.REDIS_URL:  # without it nobody outside this process could hear
        try:
            async_to_sync(sending)(group, event)
        except Exception as error:
            logger.warning("event not sent", exc_info=error)


def _log(sent: "Future[None]") -> None:
    if not sent.cancelled() and (error := sent.exception()) is not None:
        logger.warning("event not sent", exc_info=error)
