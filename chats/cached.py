"""Reads of chats that are worth keeping, as JSON for the API.

Only first pages: what lies further back is read too seldom. Replies that are being
written are never kept.
"""

import uuid
from collections.abc import Collection
from functools import partial

import orjson

from chats import analytics, queries
from chats.models import Chat, Message, Reply
from eduhu.cache import tiers
from eduhu.cache.coroutines import aget
from eduhu.cache.policies import Content
from eduhu.cache.tiers import Read
from eduhu.cache.warming import Warm
from eduhu.cache.watch import Watched, watch
from eduhu.pages import JsonPage, PageRequest, kept_rows, to_keep
from teachers.models import Teacher

CHATS_A_PAGE, MESSAGES_A_PAGE = 50, 100  # unless a client asks for another number
LIKELY_CHATS = 3


def watch_writes() -> None:
    """Say which scopes the rows of this app are in."""
    numbers = ("numbers:{teacher_id}",)
    lists = ("chats:{teacher_id}", "chat:{id}")
    watch(Chat, Watched(lists, whole=("messages:{id}",), numbers=numbers))
    counted = frozenset({"role", "timestamp", "token_count", "response_time_ms", "is_helpful"})
    watch(Message, Watched(("messages:{chat_id}",), touches="chat", counted=counted))
    # Nothing of a chat is kept while a reply is live, so only its beginning changes anything.
    watch(Reply, Watched(("chat:{chat_id}",), shown=frozenset({"accepted_at"})))


def chat_page(teacher: Teacher, page: PageRequest, *, is_archived: bool) -> JsonPage:
    """Return a page of a teacher's chats, last changed first."""
    if page.before is not None:
        return JsonPage.of(*queries.chat_page(teacher, page, is_archived=is_archived))
    return JsonPage.kept(tiers.get(_chat_page(teacher, page, is_archived=is_archived)))


def chat_detail(teacher: Teacher, chat_id: uuid.UUID) -> orjson.Fragment:
    """Return one chat, with `live_reply` while the assistant writes. Raises NotFound."""
    value = tiers.get(_chat_detail(teacher, chat_id))
    return orjson.Fragment(value or orjson.dumps(queries.chat_detail(teacher, chat_id)))


async def find_chat(teacher: Teacher, chat_id: uuid.UUID) -> None:
    """Look, from a coroutine, whether a chat is there. Raises NotFound."""
    await aget(_chat_detail(teacher, chat_id))


def message_page(teacher: Teacher, chat_id: uuid.UUID, page: PageRequest) -> JsonPage:
    """Return the newest messages of a chat in reading order. Raises NotFound."""
    if page.before is not None:
        return JsonPage.of(*queries.message_page(teacher, chat_id, page))
    return JsonPage.kept(tiers.get(_message_page(teacher, chat_id, page)))


def chat_analytics(teacher: Teacher, chat_id: uuid.UUID) -> orjson.Fragment:
    """Return the numbers of a chat. Raises NotFound."""

    def load() -> bytes:
        return orjson.dumps(analytics.chat_analytics(teacher, chat_id))

    name, scope = f"analytics:{chat_id}", f"messages:{chat_id}"
    return orjson.Fragment(tiers.get(Read(Content.CHATS, teacher.pk, name, scope, load, chat_id)))


def teacher_summary(teacher: Teacher) -> orjson.Fragment:
    """Return the numbers of all chats of a teacher, and of the last twelve weeks."""

    def load() -> bytes:
        return orjson.dumps(analytics.teacher_summary(teacher))

    scope = f"numbers:{teacher.pk}"
    return orjson.Fragment(tiers.get(Read(Content.CHATS, teacher.pk, "summary", scope, load)))


def warm_up(teacher: Teacher, topics: Collection[str], warm: Warm) -> None:
    """Warm the list of chats and the likeliest of them: the newest, those of `topics` first."""
    first = PageRequest(CHATS_A_PAGE, None)
    chats = kept_rows(warm(_chat_page(teacher, first, is_archived=False)))
    likely = sorted(chats, key=lambda chat: chat["topic_category"] not in topics)
    for chat in likely[:LIKELY_CHATS]:
        chat_id = uuid.UUID(chat["id"])
        warm(_chat_detail(teacher, chat_id))
        warm(_message_page(teacher, chat_id, PageRequest(MESSAGES_A_PAGE, None)))


def _chat_page(teacher: Teacher, page: PageRequest, *, is_archived: bool) -> Read:
    load = partial(to_keep, partial(queries.chat_page, teacher, page, is_archived=is_archived))
    name = f"list:{is_archived}:{page.limit}"
    return Read(Content.CHATS, teacher.pk, name, f"chats:{teacher.pk}", load)


def _chat_detail(teacher: Teacher, chat_id: uuid.UUID) -> Read:
    def load() -> bytes:
        document = queries.chat_detail(teacher, chat_id)
        # Its text grows each second; nothing is kept until it has ended.
        return orjson.dumps(document) if document["live_reply"] is None else b""

    name = f"chat:{chat_id}"
    return Read(Content.CHATS, teacher.pk, name, name, load, chat_id)


def _message_page(teacher: Teacher, chat_id: uuid.UUID, page: PageRequest) -> Read:
    load = partial(to_keep, partial(queries.message_page, teacher, chat_id, page))
    scope = f"messages:{chat_id}"
    return Read(Content.MESSAGES, teacher.pk, f"{scope}:{page.limit}", scope, load, chat_id)
