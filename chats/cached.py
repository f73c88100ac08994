"""Reads of chats that are worth keeping, as JSON for the API.

Only first pages: what lies further back is read too seldom. Replies that are being
written are never kept.
"""

import uuid
from functools import partial

import orjson

from chats import queries
from chats.models import Chat, Message, Reply
from eduhu.cache import tiers
from eduhu.cache.policies import Content
from eduhu.cache.tiers import Read
from eduhu.cache.watch import Watched, watch
from eduhu.pages import JsonPage, PageRequest
from teachers.models import Teacher


def watch_writes() -> None:
    """Say which scopes the rows of this app are in."""
    watch(Chat, Watched(("chats:{teacher_id}", "chat:{id}"), whole=("messages:{id}",)))
    watch(Message, Watched(("messages:{chat_id}",), touches="chat"))
    watch(Reply, Watched(("chat:{chat_id}",), shown=frozenset({"state"})))


def chat_page(teacher: Teacher, page: PageRequest, *, is_archived: bool) -> JsonPage:
    """Return a page of a teacher's chats, last changed first."""
    load = partial(queries.chat_page, teacher, page, is_archived=is_archived)
    if page.before is not None:
        return JsonPage.of(*load())
    name = f"list:{is_archived}:{page.limit}"
    scope = f"chats:{teacher.pk}"
    return JsonPage.read(Content.CHATS, teacher.pk, name, scope, load)


def chat_detail(teacher: Teacher, chat_id: uuid.UUID) -> orjson.Fragment:
    """Return one chat, with `live_reply` while the assistant writes. Raises NotFound."""

    def load() -> bytes:
        document = queries.chat_detail(teacher, chat_id)
        # Its text grows each second; nothing is kept until it has ended.
        return orjson.dumps(document) if document["live_reply"] is None else b""

    read = Read(Content.CHATS, teacher.pk, f"chat:{chat_id}", f"chat:{chat_id}", load)
    return orjson.Fragment(tiers.get(read) or orjson.dumps(queries.chat_detail(teacher, chat_id)))


def message_page(teacher: Teacher, chat_id: uuid.UUID, page: PageRequest) -> JsonPage:
    """Return the newest messages of a chat in reading order. Raises NotFound."""
    load = partial(queries.message_page, teacher, chat_id, page)
    if page.before is not None:
        return JsonPage.of(*load())
    name = f"messages:{chat_id}:{page.limit}"
    scope = f"messages:{chat_id}"
    return JsonPage.read(Content.MESSAGES, teacher.pk, name, scope, load)
