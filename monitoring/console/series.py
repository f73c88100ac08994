"""Each process adds what it counts to the row of the minute; the numbers are read from there."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count

from eduhu.mirror import capture
from eduhu.mirror.status import Status, measure
from eduhu.named_queries import named_query
from monitoring.alerts.models import Alert
from monitoring.console.counted import Numbers, added, counted, growth, open_streams
from monitoring.console.models import Measurement, Minute, this_minute

KEPT_MINUTES = int(dt.timedelta(days=2).total_seconds()) // 60
# What is so at a moment, and not counted: the last of a minute holds.
STATES = ("lag", "waiting", "parked", "alerts")


class Reporter:
    """Adds what this process counts, each time only what is new."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._told = counted()

    def report(self, *, is_ours: bool) -> None:
        """Add to the running minute; `is_ours`: also what is the same for all processes.

        What could not be written is written the next time.
        """
        current = counted()
        news = growth(current, self._told)
        states = shared_states(mirror_now()) if is_ours else {}
        write(this_minute(), news, states, {self._process: open_streams()})
        self._told = current

    def leave(self) -> None:
        """Add what is left; this process has no streams any more."""
        write(this_minute(), growth(counted(), self._told), {}, {self._process: 0})


def mirror_now() -> Status | None:
    """Return how the mirror fares, if there is one; four queries."""
    return measure() if capture.is_on() else None


def shared_states(mirror: Status | None) -> Numbers:
    """Return the state of mirror and alerts; one query."""
    states: Numbers = {"alerts": Alert.objects.open().aggregate(count=Count("pk"))["count"]}
    if mirror is not None:
        states |= {"lag": mirror.lag, "waiting": mirror.depth, "parked": mirror.parked}
    return states


@transaction.atomic
def write(minute: Minute, news: Numbers, states: Numbers, streams: dict[str, int]) -> None:
    """Add to a minute's row, which others add to as well; old rows go with a new one."""
    _row, is_new = Measurement.objects.get_or_create(pk=minute)
    row = Measurement.objects.select_for_update(no_key=True).get(pk=minute)
    row.numbers = added(row.numbers, news) | states
    row.numbers["streams"] = {**row.numbers.get("streams", {}), **streams}
    row.save(update_fields=["numbers"])
    if is_new:
        Measurement.objects.filter(pk__lt=minute - KEPT_MINUTES).delete()


@named_query("console.series")
def read(first: Minute) -> dict[Minute, Numbers]:
    """Return the numbers of each minute since `first` in which somebody measured."""
    return dict(Measurement.objects.filter(pk__gte=first).values_list("pk", "numbers"))


def together(many: Iterable[Numbers]) -> Numbers:
    """Return several minutes as one: counts added, of states the highest, streams the most."""
    whole: Numbers = {}
    for numbers in many:
        counts = {name: n for name, n in numbers.items() if name not in (*STATES, "streams")}
        highest = {
            name: max(numbers[name], whole.get(name, numbers[name]))
            for name in STATES
            if name in numbers
        }
        streams = max(streams_of(numbers) or 0, whole.get("open", 0))
        whole = added(whole, counts) | highest | {"open": streams}
    return whole


def streams_of(numbers: Numbers) -> int | None:
    """Return how many streams were open in all processes together."""
    if "open" in numbers:
        return int(numbers["open"])
    return sum(numbers["streams"].values()) if "streams" in numbers else None
