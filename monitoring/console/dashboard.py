"""The dashboard: tiles with their lines, and topics, for the first look and for each refresh."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.formats import time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from eduhu.mirror.status import Status
from monitoring.console import charts, series
from monitoring.console.charts import RANGES, Step
from monitoring.console.counted import Numbers
from monitoring.console.models import Minute, this_minute
from monitoring.console.tiles import HOUR, TILES, Tile, shown
from monitoring.console.topics import topics

RANGE_TITLES = {"1h": _("1 hour"), "24h": _("24 hours")}
Minutes = Mapping[Minute, Numbers]


def dashboard(user: Any, wanted: str | None, mirror: Status | None) -> dict[str, Any]:
    """Return everything the page shows of the range `1h` or `24h`; the number of queries is fixed.

    With the words of the reader's language, and links to what the reader may see.
    """
    chosen = wanted if wanted in RANGES else "1h"
    step, running = RANGES[chosen], this_minute()
    minutes = series.read(running - max(step.minutes * step.steps, HOUR))
    now = series.shared_states(mirror)
    parts = _parts(minutes, running, step)
    return {
        "range": chosen,
        "begins": _clock(running - step.minutes * step.steps),
        "ends": _clock(running),
        "notice": _notice(minutes),
        "tiles": [_tile(tile, minutes, running, now, parts, user) for tile in TILES],
        "topics": topics(may_see_chats=user.has_perm("chats.view_chat")),
    }


def _notice(minutes: Minutes) -> str:
    if settings.METRICS != "on":
        return gettext("METRICS is off: nothing is counted, and these charts stay empty.")
    if not minutes:
        return gettext("Nothing is measured yet. The first numbers come within a minute.")
    return ""


def _parts(minutes: Minutes, running: Minute, step: Step) -> list[Numbers | None]:
    """Return one mass of numbers for each step; the running minute would look too low."""
    parts: list[Numbers | None] = []
    first = running - step.minutes * step.steps
    for begin in range(first, running, step.minutes):
        inside = [n for m in range(begin, begin + step.minutes) if (n := minutes.get(m))]
        parts.append(series.together(inside) if inside else None)
    return parts


def _tile(
    tile: Tile,
    minutes: Minutes,
    running: Minute,
    now: Numbers,
    parts: list[Numbers | None],
    user: Any,
) -> dict[str, Any]:
    lines = {
        str(name): [read(part) if part is not None else None for part in parts]
        for name, read in tile.lines.items()
    }
    highest = charts.highest_of(*lines.values())
    told = shown(tile, tile.value(_latest(tile, minutes, running) | now), user)
    top = tile.show(highest) if any(v is not None for p in lines.values() for v in p) else ""
    return {
        **told,
        "top": f"max. {top}" if top else "",
        "lines": [charts.path(points, highest) for points in lines.values()],
        "legend": list(lines) if len(lines) > 1 else [],
        "summary": _summary(told, top),
    }


def _latest(tile: Tile, minutes: Minutes, running: Minute) -> Numbers:
    """Return the last minutes as one; of a state, the newest that there is."""
    if tile.window > 1:
        first = running - tile.window + 1
        return series.together(n for m, n in minutes.items() if m >= first)
    before, current = minutes.get(running - 1, {}), minutes.get(running, {})
    # At the beginning of a minute not all processes have said how many streams they have.
    streams = {**before.get("streams", {}), **current.get("streams", {})}
    return {**before, **current, **({"streams": streams} if streams else {})}


def _summary(told: Mapping[str, Any], top: str) -> str:
    """Say what the picture shows, for who does not see it."""
    said = {"title": told["title"], "value": told["value"], "note": told["note"], "top": top}
    if not top:
        return gettext("%(title)s: nothing measured yet") % said
    return gettext("%(title)s: %(value)s (%(note)s), at most %(top)s") % said


def _clock(minute: Minute) -> str:
    return time_format(localtime(dt.datetime.fromtimestamp(minute * 60, dt.UTC)), "H:i")
