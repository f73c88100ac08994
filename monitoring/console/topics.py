"""What teachers write about: the chats of the last day by topic."""

import datetime as dt
from collections import Counter
from typing import Any

from django.utils.translation import gettext_lazy as _

from chats.models import Chat, Message
from chats.topics import TOPICS
from eduhu.admin import changelist_url
from eduhu.db import now
from eduhu.named_queries import named_query

MAX_MESSAGES = 2000
DAY = dt.timedelta(days=1)


@named_query("console.topics")
def _recent_topics() -> dict[Any, str | None]:
    # The index of messages by time finds them; chats have none over all teachers.
    recent = Message.objects.filter(timestamp__gte=now() - DAY).order_by("-timestamp", "-id")
    return dict(recent.values_list("chat_id", "chat__topic_category")[:MAX_MESSAGES])


def topics(*, may_see_chats: bool) -> list[dict[str, Any]]:
    """Return each topic with its number of chats in which something was written; one query."""
    counts = Counter(code if code in TOPICS else "" for code in _recent_topics().values())
    most = max(counts.values(), default=0)
    named = {**TOPICS, "": _("not classified")}
    return [
        {
            "code": code,
            "title": str(title),
            "count": counts[code],
            "percent": 100 * counts[code] // most if most else 0,
            "url": changelist_url(Chat, topic=code) if code and may_see_chats else "",
        }
        for code, title in named.items()
    ]
