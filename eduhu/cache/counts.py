"""What the tiers have counted, added up over processes and kept by day."""

import datetime as dt

from django.db import transaction
from django.db.models import F, Sum

from eduhu.cache import stats, uses
from eduhu.cache.models import CacheCount
from eduhu.cache.policies import Content
from eduhu.cache.stats import Counts
from eduhu.db import now

KEPT_DAYS = 7


@transaction.atomic
def store_counts() -> None:
    """Add what this process counted since the last call to today's numbers."""
    uses.settle()
    news = stats.take_news()
    today = now().date()
    for content, added in news.items():
        CacheCount.objects.get_or_create(day=today, content=content)
        sums = {name: F(name) + number for name, number in added.items()}
        CacheCount.objects.filter(day=today, content=content).update(**sums)
    if news:
        CacheCount.objects.filter(day__lte=today - dt.timedelta(days=KEPT_DAYS)).delete()


def week() -> dict[Content, Counts]:
    """Return the numbers of the last seven days, of all processes."""
    since = now().date() - dt.timedelta(days=KEPT_DAYS)
    days = CacheCount.objects.filter(day__gt=since).values_list("content")
    sums = days.annotate(*map(Sum, stats.NAMES))
    found = {content: Counts(*numbers) for content, *numbers in sums}
    return {content: found.get(content, Counts()) for content in Content}
