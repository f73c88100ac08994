"""What is counted of replies: how they ended, how long they took, what they cost."""

import datetime as dt
from collections.abc import Callable

from django.conf import settings

from chats.providers.metrics import BEGINS
from chats.replies.store import Job, Outcome
from eduhu import metrics

REPLIES = metrics.counter(
    "replies", "Replies that ended, by model, state and error code.", "model", "state", "code"
)
REPLY_SECONDS = metrics.histogram(
    "reply_seconds", "From a question to the end of its reply.", "model", buckets=metrics.LONG
)
FIRST_TOKENS = metrics.histogram(
    "reply_first_token_seconds",
    "From a question to the first token of its reply.",
    "model",
    buckets=BEGINS,
)
TOKENS = metrics.counter("tokens", "Tokens, as told or as estimated.", "model", "kind")
COST = metrics.counter("cost", "What they cost, in the currency of AI_PRICES.", "model")


def reply_ended(job: Job, outcome: Outcome) -> None:
    """Count an attempt that is over, whether the database can be told of it or not."""
    if not metrics.IS_ON:
        return
    model, usage = outcome.model or job.prompt.model, outcome.usage
    REPLIES.of(model, outcome.state.value, outcome.error_code or "none").inc()
    TOKENS.of(model, "prompt").inc(usage.prompt_tokens)
    TOKENS.of(model, "completion").inc(usage.completion_tokens)
    COST.of(model).inc(cost(model, usage.prompt_tokens, usage.completion_tokens))
    if job.attempt == 1:  # else the question is old
        _observe(FIRST_TOKENS.of(model).observe, job, outcome.first_token_at)
        _observe(REPLY_SECONDS.of(model).observe, job, outcome.ended_at)


def _observe(note: Callable[[float], None], job: Job, moment: dt.datetime | None) -> None:
    if moment is not None:
        note(max(0.0, (moment - job.accepted_at).total_seconds()))


def cost(model: str, prompt_tokens: int, completion_tokens: int) -> float:
    """Return what so many tokens cost; 0 for a model without a price."""
    of_prompt, of_completion = settings.AI_PRICES.get(model, (0.0, 0.0))
    return float(prompt_tokens * of_prompt + completion_tokens * of_completion) / 1e6
