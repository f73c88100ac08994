"""What replies have cost: priced as they end, and summed up for their teacher.

Days and months are those at school. An attempt counts on the day it ended.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils.timezone import get_current_timezone, localtime

from chats.models import ReplyState, UsageEntry
from chats.queries import Document
from eduhu.db import now
from eduhu.named_queries import named_query
from teachers.models import Teacher

PERIODS = {"day": 1, "days_7": 7, "days_30": 30}  # days, today included
WARN_FROM = 0.8  # of the monthly limit
_MILLION = 1_000_000
_COUNTS = ("replies", "failed_replies", "prompt_tokens", "completion_tokens", "estimated_replies")


Prices = tuple[Decimal | None, Decimal | None]  # of prompt and answer, per million tokens


def prices(model: str, *, is_demo: bool) -> Prices:
    """Return the prices of now; a demo costs nothing."""
    if model in settings.AI_PRICES:
        of_prompt, of_completion = settings.AI_PRICES[model]
        return Decimal(str(of_prompt)), Decimal(str(of_completion))
    return (Decimal(0), Decimal(0)) if is_demo else (None, None)


def note_deleted(entry: UsageEntry) -> None:
    """Write down what was spent on a reply that is not there any more; may be repeated.

    Nothing is written for a teacher who is gone as well.
    """
    if Teacher.objects.filter(pk=entry.teacher_id).exists():
        UsageEntry.objects.bulk_create([entry], ignore_conflicts=True)


@dataclass
class _Sums:
    """Counts and cost of some rows."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    cost: Decimal = Decimal(0)
    unpriced_tokens: int = 0

    def add(self, row: Document) -> None:
        for name in _COUNTS:
            self.counts[name] += row[name]
        if row["prompt_price"] is None or row["completion_price"] is None:
            self.unpriced_tokens += row["prompt_tokens"] + row["completion_tokens"]
            return
        paid = row["prompt_tokens"] * row["prompt_price"]
        self.cost += (paid + row["completion_tokens"] * row["completion_price"]) / _MILLION

    def shown(self) -> Document:
        return {
            "tokens": self.counts["prompt_tokens"] + self.counts["completion_tokens"],
            **self.counts,
            "cost": round(float(self.cost), 6),
            "unpriced_tokens": self.unpriced_tokens,
        }


def teacher_usage(teacher: Teacher) -> Document:
    """Return what a teacher has spent today, in 7 and 30 days, and this month.

    Not cached: each reply changes it, it is read seldom, and one index answers it.
    """
    today = localtime(now()).date()
    month = today.replace(day=1)
    longest = today - dt.timedelta(days=max(PERIODS.values()) - 1)
    rows = _rows(teacher, _midnight(min(month, longest)))
    periods = {
        name: _period(today - dt.timedelta(days=days - 1), rows) for name, days in PERIODS.items()
    }
    return {**periods, "month": _month(month, rows)}


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), get_current_timezone())


@named_query("usage.of_teacher")
def _rows(teacher: Teacher, since: dt.datetime) -> list[Any]:
    """Return a row for each day, model and price."""
    entries = UsageEntry.objects.for_teacher(teacher).filter(ended_at__gte=since)
    by = entries.values(
        "model", "provider", "prompt_price", "completion_price", day=TruncDate("ended_at")
    )
    has_failed = Q(state__in=(ReplyState.FAILED, ReplyState.INTERRUPTED))
    rows = by.annotate(
        replies=Count("pk", filter=Q(attempt=1)),
        failed_replies=Count("pk", filter=has_failed),
        estimated_replies=Count("pk", filter=Q(is_estimated=True)),
        prompt_tokens=Sum("prompt_tokens"),
        completion_tokens=Sum("completion_tokens"),
    )
    return list(rows.order_by("day", "model", "provider", "prompt_price", "completion_price"))


def _period(begins: dt.date, rows: Iterable[Document]) -> Document:
    total, models = _Sums(), defaultdict[tuple[Any, ...], _Sums](_Sums)
    for row in rows:
        if row["day"] < begins:
            continue
        total.add(row)
        priced = (row["model"], row["provider"], row["prompt_price"], row["completion_price"])
        models[priced].add(row)
    return {
        "begins": begins,
        **total.shown(),
        "models": [
            {
                "model": model,
                "provider": provider,
                "prompt_price": _shown(of_prompt),
                "completion_price": _shown(of_completion),
                **sums.shown(),
            }
            for (model, provider, of_prompt, of_completion), sums in models.items()
        ],
    }


def _month(begins: dt.date, rows: Iterable[Document]) -> Document:
    """Return the tokens of the month, and whether the limit is near."""
    limit = settings.USAGE_MONTHLY_TOKENS or None
    month = [row for row in rows if row["day"] >= begins]
    tokens = sum(row["prompt_tokens"] + row["completion_tokens"] for row in month)
    return {
        "begins": begins,
        "tokens": tokens,
        "limit": limit,
        "is_near_limit": limit is not None and tokens >= WARN_FROM * limit,
    }


def _shown(price: Decimal | None) -> float | None:
    return None if price is None else float(price)
