"""What the reply worker writes: claims, heartbeats, checkpoints and endings.

Every write names the worker that believes it owns the reply, and the database
decides: a worker that lost its lease changes nothing.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from chats.models import (
    Chat,
    ContentType,
    Message,
    Reply,
    ReplyQuerySet,
    ReplyState,
    Role,
    UsageEntry,
)
from chats.prompts import build_prompt
from chats.providers.base import Prompt, Usage, estimate_usage
from chats.replies import makers
from chats.replies.events import Ending, elapsed_ms, ending_of
from chats.usage import note_deleted, prices
from eduhu import events
from eduhu.compiled import Param, Select, Update, insert
from eduhu.db import now
from eduhu.errors import ReplyInterrupted
from eduhu.named_queries import named_query

CLAIMED_AT_ONCE = 100

# Both engines name the columns of VALUES so.
_CHECKPOINT = """
UPDATE replies SET text = seen.column2 FROM (VALUES {rows}) AS seen
WHERE replies.id = seen.column1 AND replies.worker = %s AND replies.state = %s
"""

# All that a job is made of; rows are wide, and read for each reply.
_JOB_FIELDS = (
    "chat__message_count", "teacher__language", "teacher__preferences__grade_level",
    "teacher__preferences__subject_areas", "user_message__content", "user_message__timestamp",
    "message_id", "context", "wish", "artifact_id", "attempt", "text", "attempt_offset", "model",
    "provider", "is_demo", "prompt_tokens", "completion_tokens", "usage_estimated", "worker",
    "lease_until", "accepted_at",
)  # fmt: skip

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed reply: what to ask, and the text an earlier attempt has left."""

    reply_id: uuid.UUID
    message_id: uuid.UUID
    chat_id: uuid.UUID
    teacher_id: uuid.UUID
    user_message_id: uuid.UUID
    accepted_at: dt.datetime
    worker: str
    prompt: Prompt
    attempt: int
    text: str
    spent: Usage
    artifact_id: uuid.UUID | None = None
    provider: str = ""
    is_demo: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job; `model` and `provider` where others than those asked have answered."""

    state: ReplyState
    text: str
    usage: Usage
    finish_reason: str = ""
    error_code: str = ""
    first_token_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    model: str | None = None
    provider: str | None = None
    document: dict[str, Any] | None = None


def claim(worker: str, limit: int) -> list[Job]:
    """Make up to `limit` queued replies this worker's own, oldest first.

    With the same limit each time it is the same statement, which is planned once.
    """
    return [_job(reply) for reply in _take(worker, _queued(limit).all)]


@lru_cache(maxsize=CLAIMED_AT_ONCE)
def _queued(limit: int) -> Select:
    queued = Reply.objects.live().filter(state=ReplyState.QUEUED).order_by("created_at")
    return Select(_for_jobs(queued)[:limit])


def _for_jobs(replies: ReplyQuerySet) -> ReplyQuerySet:
    """Lock what nobody else has locked, and read all that a job is made of."""
    locked = replies.select_for_update(skip_locked=True, of=("self",))
    return locked.select_related("chat", "user_message", "teacher__preferences").only(*_JOB_FIELDS)


@named_query("replies.take")
def _take(worker: str, find: Callable[[], Iterable[Reply]]) -> list[Reply]:
    with transaction.atomic():
        taken = list(find())
        if taken:
            ids = {f"id{number}": reply.pk for number, reply in enumerate(taken)}
            _hand_over(len(taken)).run(**ids, worker=worker, lease_until=_lease())
    for reply in taken:
        reply.worker = worker
    return taken


@lru_cache(maxsize=CLAIMED_AT_ONCE)
def _hand_over(count: int) -> Update:
    ids: list[Any] = [Param(Reply, "id", f"id{number}") for number in range(count)]
    return Update(
        Reply.objects.filter(pk__in=ids),
        state=ReplyState.STREAMING,
        worker=Param(Reply, "worker"),
        lease_until=Param(Reply, "lease_until"),
    )


def _job(reply: Reply) -> Job:
    return Job(
        reply_id=reply.pk,
        message_id=reply.message_id,
        chat_id=reply.chat_id,
        teacher_id=reply.teacher_id,
        user_message_id=reply.user_message_id,
        accepted_at=reply.accepted_at,
        worker=reply.worker,
        prompt=build_prompt(reply),
        attempt=reply.attempt,
        text=reply.earlier_text,
        artifact_id=reply.artifact_id,
        provider=reply.provider,
        is_demo=reply.is_demo,
        spent=Usage(reply.prompt_tokens or 0, reply.completion_tokens or 0, reply.usage_estimated),
    )


def _lease() -> dt.datetime:
    return now() + _lease_time()


def _lease_time() -> dt.timedelta:
    return dt.timedelta(seconds=settings.REPLY_LEASE_SECONDS)


def _mine(worker: str) -> ReplyQuerySet:
    return Reply.objects.filter(worker=worker, state=ReplyState.STREAMING)


@named_query("replies.heartbeat")
def heartbeat(worker: str, running: Collection[uuid.UUID]) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """Renew the leases of what this worker is writing.

    Return the ids it still owns, and those to be stopped. A reply it has given up
    on is not renewed, so that it is reaped.
    """
    mine = _mine(worker).filter(pk__in=running)
    mine.update(lease_until=_lease())
    owned = dict(mine.values_list("pk", "cancel_requested"))
    return set(owned), {reply_id for reply_id, stop in owned.items() if stop}


@named_query("replies.checkpoint")
def checkpoint(worker: str, texts: Mapping[uuid.UUID, str]) -> None:
    """Store the text so far of several replies in one statement."""
    # By hand: with hundreds of replies a second, building CASE … WHEN costs more than all else.
    id_field = Reply._meta.pk
    with connection.cursor() as cursor:
        rows = [(id_field.get_db_prep_value(pk, connection), text) for pk, text in texts.items()]
        cursor.execute(
            _CHECKPOINT.format(rows=", ".join(["(%s, %s)"] * len(rows))),
            [*chain.from_iterable(rows), worker, ReplyState.STREAMING],
        )


_LOCKED_CHAT = Select(
    Chat.objects.select_for_update(no_key=True)
    .only("teacher", "updated_at")
    .filter(pk=Param(Chat, "id"))
)
_ENDING = ("text", "finish_reason", "error_code", "prompt_tokens", "completion_tokens",
           "usage_estimated", "prompt_price", "completion_price", "first_token_at",
           "ended_at")  # fmt: skip
_WHO_ANSWERED = ("model", "provider")  # as it was, where nothing else is known
_END = Update(
    Reply.objects.filter(
        pk=Param(Reply, "id"), worker=Param(Reply, "worker"), state=ReplyState.STREAMING
    ),
    state=Param(Reply, "state", "ended"),
    lease_until=None,
    **{name: Param(Reply, name) for name in _ENDING},
    **{name: Coalesce(Param(Reply, name), F(name)) for name in _WHO_ANSWERED},
)
_COUNT = Update(
    Message.objects.filter(pk=Param(Message, "id")),
    token_count=Coalesce(F("token_count"), 0) + Param(Message, "token_count"),
    token_count_estimated=Param(Message, "token_count_estimated"),
)


def finish(job: Job, outcome: Outcome) -> Ending | None:
    """End a reply: its row, the assistant's message, the tokens; all or nothing.

    Returns None when the reply is not this worker's any more. What was spent on one that
    was deleted meanwhile is written down all the same.
    """
    ended_at = outcome.ended_at or now()
    elapsed = elapsed_ms(job.accepted_at, ended_at)
    usage = _sum(job.spent, outcome.usage)
    of_prompt, of_completion = prices(outcome.model or job.prompt.model, is_demo=job.is_demo)
    with transaction.atomic():
        # The chat first, as everywhere: its deletion waits for us, or we for it.
        chat = _LOCKED_CHAT.first(id=job.chat_id)
        mine = _END.run(
            id=job.reply_id,
            worker=job.worker,
            ended=outcome.state,
            text=outcome.text,
            finish_reason=outcome.finish_reason,
            error_code=outcome.error_code,
            model=outcome.model,
            provider=outcome.provider,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            usage_estimated=usage.estimated,
            prompt_price=of_prompt,
            completion_price=of_completion,
            first_token_at=outcome.first_token_at,
            ended_at=ended_at,
        )
        if chat is None:
            note_deleted(_entry(job, outcome, ended_at))
            return None
        if not mine:
            return None
        has_document = outcome.document is not None
        _store_answer(job, chat, outcome.text, usage, elapsed, has_document=has_document)
        _count_question(job.user_message_id, outcome.usage)
        _keep_document(job, chat, outcome)
        events.row_changed(job.teacher_id, "chats", job.chat_id)
    return _ending(job, outcome, usage, elapsed)


def _keep_document(job: Job, chat: Chat, outcome: Outcome) -> None:
    """Keep what was made beside the text, if anything was and somebody is there to have it."""
    wish = job.prompt.wish
    if outcome.document is None or job.artifact_id is None or wish is None or chat.teacher is None:
        return
    kept = makers.Kept(chat.teacher, job.artifact_id, job.message_id, wish)
    makers.keep(kept, outcome.document)


def _entry(job: Job, outcome: Outcome, ended_at: dt.datetime) -> UsageEntry:
    """Return what the trigger would have written."""
    model = outcome.model or job.prompt.model
    of_prompt, of_completion = prices(model, is_demo=job.is_demo)
    return UsageEntry(
        teacher_id=job.teacher_id,
        reply_id=job.reply_id,
        attempt=job.attempt,
        ended_at=ended_at,
        state=outcome.state,
        model=model,
        provider=outcome.provider or job.provider,
        prompt_tokens=outcome.usage.prompt_tokens,
        completion_tokens=outcome.usage.completion_tokens,
        is_estimated=outcome.usage.estimated,
        prompt_price=of_prompt,
        completion_price=of_completion,
    )


def _sum(earlier: Usage, latest: Usage) -> Usage:
    return Usage(
        earlier.prompt_tokens + latest.prompt_tokens,
        earlier.completion_tokens + latest.completion_tokens,
        earlier.estimated or latest.estimated,
    )


def _ending(job: Job, outcome: Outcome, usage: Usage, elapsed: int | None) -> Ending:
    return Ending(
        reply_id=job.reply_id,
        message_id=job.message_id,
        state=outcome.state,
        offset=len(outcome.text),
        attempt=job.attempt,
        finish_reason=outcome.finish_reason,
        error_code=outcome.error_code,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        usage_estimated=usage.estimated,
        response_time_ms=elapsed,
    )


def ending(job: Job, outcome: Outcome) -> Ending:
    """The ending of a reply that this worker has lost: what the row tells.

    Deleted with its chat, it was cancelled; in the hands of another worker, interrupted.
    """
    reply = Reply.objects.filter(pk=job.reply_id).first()
    if reply is None:
        cancelled = replace(outcome, state=ReplyState.CANCELLED, finish_reason="cancelled")
        return _ending(job, replace(cancelled, error_code=""), outcome.usage, None)
    return lost(job, outcome) if reply.is_live else ending_of(reply)


def lost(job: Job, outcome: Outcome) -> Ending:
    """The ending a client sees when the database could not be told of any."""
    interruption = replace(outcome, state=ReplyState.INTERRUPTED, error_code=ReplyInterrupted.code)
    return _ending(job, interruption, outcome.usage, None)


def _store_answer(
    job: Job, chat: Chat, text: str, usage: Usage, elapsed: int | None, *, has_document: bool
) -> None:
    if not text:
        return
    written = {
        "content": text,
        "token_count": usage.completion_tokens,
        "token_count_estimated": usage.estimated,
        "response_time_ms": elapsed,
        "content_type": ContentType.ARTIFACT if has_document else ContentType.TEXT,
    }
    if job.text and Message.objects.filter(pk=job.message_id).update(**written):
        return  # an attempt that was continued
    answer = Message(
        id=job.message_id,
        chat=chat,
        role=Role.ASSISTANT,
        timestamp=chat.next_timestamp(),
        **written,
    )
    insert(answer)


def _count_question(message_id: uuid.UUID, usage: Usage) -> None:
    _COUNT.run(
        id=message_id, token_count=usage.prompt_tokens, token_count_estimated=usage.estimated
    )


def reap(worker: str, running: Collection[uuid.UUID] = (), limit: int = 100) -> list[Ending]:
    """End the replies whose worker is gone: interrupted, with the text that was kept.

    What this worker itself is writing, `running`, is not among them.
    """
    live = Reply.objects.live().filter(state=ReplyState.STREAMING)
    gone = live.filter(lease_until__lt=now()).exclude(pk__in=running).order_by("lease_until")
    endings = [_end_abandoned(reply) for reply in _take(worker, _for_jobs(gone)[:limit].all)]
    return [ending for ending in endings if ending is not None]


def _end_abandoned(reply: Reply) -> Ending | None:
    try:
        return finish(_job(reply), _abandoned(reply))
    except Exception:
        # One that cannot be ended must not keep the others waiting; its lease runs out again.
        logger.exception("reply %s not ended", reply.pk)
        return None


def _abandoned(reply: Reply) -> Outcome:
    # It ended when its worker did, not when we found it.
    ended_at = reply.lease_until and reply.lease_until - _lease_time()
    return replace(interrupted(reply.text, build_prompt(reply)), ended_at=ended_at)


def interrupted(text: str, prompt: Prompt) -> Outcome:
    """The outcome of a reply whose worker stopped; what it cost can only be estimated.

    `text` is the whole text so far, `prompt.partial` what an earlier attempt had written.
    """
    return Outcome(
        ReplyState.INTERRUPTED,
        text,
        estimate_usage(prompt, text[len(prompt.partial) :]),
        error_code=ReplyInterrupted.code,
    )
