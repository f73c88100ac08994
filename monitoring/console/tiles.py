"""The tiles of the dashboard: which number each shows, its line, and the rows behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chats.models import Reply
from eduhu.admin import changelist_url, in_one_line
from eduhu.cache.models import CacheCount
from eduhu.mirror.models import OutboxEntry
from eduhu.mirror.status import LONGEST_LAG
from monitoring.alerts.models import Alert
from monitoring.console.counted import Numbers, percentile
from monitoring.console.log_page import log_url
from monitoring.console.series import streams_of

Read = Callable[[Numbers], float | None]
Show = Callable[[float], str]

NOTHING_YET = _("nothing to measure yet")
SLOW_SECONDS = 0.5  # of a request


@dataclass(frozen=True, slots=True)
class Tile:
    """`value` is what is told now, of the last `window` minutes; `lines` are drawn.

    `is_bad` colours it, and `missing` is said where there is no value. `permission` is what
    the rows behind it need, and `url` where these are.
    """

    name: str
    title: str | Promise
    value: Read
    lines: dict[str | Promise, Read]
    show: Show
    window: int
    note: str | Promise
    permission: str
    url: Callable[[], str]
    is_bad: Callable[[float], bool] = lambda _value: False
    missing: str | Promise = NOTHING_YET


def _latency(share: float) -> Read:
    return lambda numbers: percentile(numbers.get("latency", []), share)


def _count(name: str) -> Read:
    return lambda numbers: numbers.get(name)


def _cost(numbers: Numbers) -> float | None:
    return numbers.get("cost") if settings.AI_PRICES else None


def _share(part: str, whole: str) -> Read:
    return lambda n: 100 * n[part] / n[whole] if n.get(whole) else None


def _milliseconds(value: float) -> str:
    if value >= 1:
        return in_one_line(f"{number_format(value, 1)} s")
    return in_one_line(f"{number_format(value * 1000, 0)} ms")


def _seconds(value: float) -> str:
    return in_one_line(f"{number_format(value, 0, force_grouping=True)} s")


def _percent(value: float) -> str:
    return in_one_line(f"{number_format(value, 1)} %")


def _whole(value: float) -> str:
    return number_format(value, 0, force_grouping=True)


def _money(value: float) -> str:
    return number_format(value, 2 if value >= 1 or not value else 4)


HOUR, MINUTES = 60, 5
LAST_MINUTES, LAST_HOUR = _("last 5 minutes"), _("last hour")

TILES = (
    Tile(
        "latency", _("Response time (p95)"), _latency(0.95),
        {_("p50"): _latency(0.5), _("p95"): _latency(0.95)}, _milliseconds, MINUTES,
        LAST_MINUTES, "console.view_log", lambda: log_url(text="eduhu.telemetry"),
        lambda value: value > SLOW_SECONDS,
    ),
    Tile(
        "errors", _("Requests that failed"), _share("failures", "requests"),
        {_("failed"): _share("failures", "requests")}, _percent, MINUTES,
        LAST_MINUTES, "console.view_log", lambda: log_url(level="error"),
        lambda value: value > 0,
    ),
    Tile(
        "streams", _("Open streams"), streams_of, {_("open"): streams_of}, _whole, 1,
        _("streams and sockets, now"), "chats.view_reply",
        lambda: changelist_url(Reply, state__in="queued,streaming"),
    ),
    Tile(
        "troubles", _("Replies that failed"), _count("troubles"),
        {_("failed"): _count("troubles")}, _whole, HOUR, LAST_HOUR, "chats.view_reply",
        lambda: changelist_url(Reply, state__in="failed,interrupted", since="1h"),
        lambda value: value > 0,
    ),
    Tile(
        "tokens", _("Tokens"), _count("tokens"), {_("tokens"): _count("tokens")}, _whole, HOUR,
        LAST_HOUR, "chats.view_reply", lambda: changelist_url(Reply, since="1h"),
    ),
    Tile(
        "cost", _("Cost"), _cost, {_("cost"): _cost}, _money, HOUR,
        LAST_HOUR, "chats.view_reply", lambda: changelist_url(Reply, since="1h"),
        missing=_("AI_PRICES names no prices"),
    ),
    Tile(
        "cache", _("Answered by caches"), _share("hits", "reads"),
        {_("answered"): _share("hits", "reads")}, _percent, MINUTES, LAST_MINUTES,
        "cache.view_cachecount", lambda: changelist_url(CacheCount),
    ),
    Tile(
        "lag", _("Lag of the mirror"), _count("lag"), {_("lag"): _count("lag")}, _seconds, 1,
        _("oldest entry that waits"), "mirror.view_outboxentry",
        lambda: changelist_url(OutboxEntry, state="waiting"), lambda value: value > LONGEST_LAG,
        _("nothing is mirrored"),
    ),
    Tile(
        "alerts", _("Alerts"), _count("alerts"), {_("alerts"): _count("alerts")}, _whole, 1,
        _("go on now"), "alerts.view_alert", lambda: changelist_url(Alert, state="open"),
        lambda value: value > 0,
    ),
)  # fmt: skip


def shown(tile: Tile, value: float | None, user: Any) -> dict[str, Any]:
    """Return a tile's number in words, and its link for those who may follow it."""
    return {
        "name": tile.name,
        "title": str(tile.title),
        "note": str(tile.missing if value is None else tile.note),
        "value": "–" if value is None else tile.show(value),
        "is_bad": value is not None and tile.is_bad(value),
        "url": tile.url() if user.has_perm(tile.permission) else "",
    }
