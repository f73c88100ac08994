"""What an operator is told of: one table, and nothing is judged anywhere else.

Each rule has a section of its name in docs/operations.md: cause and cure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from eduhu.mirror.status import LONGEST_LAG
from monitoring.alerts.readings import Readings
from monitoring.alerts.sample import Sample

Signs = Mapping[str, str]  # subject → what was measured; empty: all is well

MIN_REQUESTS = 20
MIN_REPLIES = 5
MIN_READS = 500
MB = 1024 * 1024
SHORT_SECONDS = 10.0  # a moment without free connections is no trouble, and heals by itself
OPEN_SECONDS = 10.0
LONGEST_SILENCE = 60.0
LONGEST_QUEUE = 60.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A state that somebody should know of; `signs` says where it is so, in a few words.

    What it says stands in mails and logs: names and numbers, nothing that teachers wrote.
    """

    name: str
    title: str | Promise
    signs: Callable[[Readings], Signs]

    @property
    def runbook(self) -> str:
        """Where its cause and cure are described."""
        return f"{settings.RUNBOOK_URL}#{self.name}"


def _slow_queries(readings: Readings) -> Signs:
    longest: dict[str, int] = {}
    for sample in readings.processes.values():
        for name, ms in sample.slow.items():
            longest[name] = max(ms, longest.get(name, 0))
    return {name: f"{ms} ms" for name, ms in longest.items()}


def _failing_requests(readings: Readings) -> Signs:
    sums: dict[str, list[int]] = {}
    for sample in readings.processes.values():
        for route, (requests, failures) in sample.requests.items():
            for name in (route, "all"):
                both = sums.setdefault(name, [0, 0])
                both[0] += requests
                both[1] += failures
    shares = {
        name: failures / requests * 100
        for name, (requests, failures) in sums.items()
        if requests >= MIN_REQUESTS and failures / requests * 100 > settings.ALERT_ERROR_PERCENT
    }
    worst = sorted(shares, key=lambda name: -shares[name])[:5]
    parts = [f"{name} {shares[name]:.0f} % ({sums[name][1]}/{sums[name][0]})" for name in worst]
    return _one(", ".join(parts))


def _memory(readings: Readings) -> Signs:
    limit = settings.ALERT_MEMORY_MB * MB
    return _of_processes(readings, lambda s: s.memory > limit, lambda s: f"{s.memory // MB} MB")


def _connections(readings: Readings) -> Signs:
    return _of_processes(
        readings,
        lambda s: s.short_for >= SHORT_SECONDS,
        lambda s: f"{s.used}/{s.connections} (+{s.waiting})",
    )


def _breakers(readings: Readings) -> Signs:
    longest: dict[str, float] = {}
    for sample in readings.processes.values():
        for name, seconds in sample.open_for.items():
            longest[name] = max(seconds, longest.get(name, 0.0))
    return {name: f"{lasts:.0f} s" for name, lasts in longest.items() if lasts >= OPEN_SECONDS}


def _mirror_lag(readings: Readings) -> Signs:
    mirror = readings.mirror
    return _one(f"{mirror.lag:.0f} s" if mirror and mirror.lag > LONGEST_LAG else "")


def _mirror_parked(readings: Readings) -> Signs:
    return _one(str(readings.mirror.parked) if readings.mirror and readings.mirror.parked else "")


def _mirror_closed(readings: Readings) -> Signs:
    mirror = readings.mirror
    return _one(mirror.state.failure or "?" if mirror and mirror.state.is_closed else "")


def _celery(readings: Readings) -> Signs:
    silence = readings.celery_silence
    return _one(f"{silence:.0f} s" if silence > LONGEST_SILENCE else "")


def _cache_hits(readings: Readings) -> Signs:
    hits = sum(sample.cache[0] for sample in readings.processes.values())
    reads = sum(sample.cache[1] for sample in readings.processes.values())
    share = hits / reads * 100 if reads >= MIN_READS else 100.0
    return _one(f"{share:.0f} %" if share < settings.ALERT_CACHE_HIT_PERCENT else "")


def _first_token(readings: Readings) -> Signs:
    times = readings.first_tokens
    if times.count >= MIN_REPLIES and times.median > settings.ALERT_FIRST_TOKEN_SECONDS:
        return _one(f"{times.median:.1f} s ({times.count})")
    return _one(f"≥ {times.longest:.0f} s" if times.longest > LONGEST_QUEUE else "")


def _disk(readings: Readings) -> Signs:
    free = readings.disk_free
    return _one(f"{free:.1f} %" if free < settings.ALERT_DISK_FREE_PERCENT else "")


def _one(measured: str) -> Signs:
    return {"": measured} if measured else {}


def _of_processes(
    readings: Readings, is_so: Callable[[Sample], bool], text: Callable[[Sample], str]
) -> Signs:
    parts = [f"{name}: {text(each)}" for name, each in readings.processes.items() if is_so(each)]
    return _one(", ".join(parts))


RULES = (
    Rule("slow-query", _("A database query is slow"), _slow_queries),
    Rule("api-errors", _("Requests fail"), _failing_requests),
    Rule("memory", _("A process needs much memory"), _memory),
    Rule("connections", _("Database connections run out"), _connections),
    Rule("breaker", _("A service does not answer"), _breakers),
    Rule("mirror-lag", _("The mirror lags behind"), _mirror_lag),
    Rule("mirror-parked", _("InstantDB refuses rows"), _mirror_parked),
    Rule("mirror-closed", _("InstantDB takes nothing"), _mirror_closed),
    Rule("celery", _("Celery does nothing"), _celery),
    Rule("cache-hits", _("Caches are of little use"), _cache_hits),
    Rule("first-token", _("Teachers wait for the first word"), _first_token),
    Rule("disk", _("The disk is nearly full"), _disk),
)
# Nobody evaluates it: `outage.py` tells of it, without the database.
DATABASE = Rule("database", _("The database does not answer"), lambda _readings: {})
BY_NAME = {rule.name: rule for rule in (*RULES, DATABASE)}
