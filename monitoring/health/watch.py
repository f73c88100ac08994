"""The background check of what this process needs; `/health/ready` tells what it found last."""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Coroutine
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Any, cast

from eduhu.metrics import gauge
from monitoring.health.checks import CHECKS, Check, Unhealthy, bounded, reason_of

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 2.0
SOON_SECONDS = 0.25  # the pause of what is red while a start settles: it shows at once
ANSWER_SECONDS = 3.0
SETTLING_SECONDS = 60.0  # after a start; until then no task may have run yet
OLD_SECONDS = 8.0  # with a pause and an answer: red within ten seconds, whatever happens

UP = gauge("health_check_up", "What a process needs.", "check", "process", of_each=True)


@dataclass(frozen=True, slots=True)
class Result:
    """What a check has found; `reason` is empty where all is well."""

    name: str
    reason: str
    seconds: float

    @property
    def is_ok(self) -> bool:
        """Whether all is well."""
        return not self.reason


class Checker:
    """Runs the checks on one event loop, each at most once at a time."""

    def __init__(self, checks: dict[str, Check]) -> None:
        self._checks = checks
        self._running: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, str] = {}
        self._begun = monotonic()

    async def run(self, names: Collection[str] | None = None) -> list[Result]:
        """Run all, or those of these names, at the same time."""
        wanted = self._checks if names is None else names
        return list(await asyncio.gather(*map(self._run, wanted)))

    async def _run(self, name: str) -> Result:
        begun, reason, error = perf_counter(), "", None
        task = self._running.get(name)
        if task is None or task.done():  # one that hangs is not asked again
            work = cast(Coroutine[Any, Any, None], self._checks[name]())
            task = self._running[name] = asyncio.create_task(work, name=f"health-{name}")
        try:
            await bounded(task, ANSWER_SECONDS)
        except Exception as caught:  # noqa: BLE001 (the edge of a check: whatever it is, it is red)
            reason, error = reason_of(caught), caught
        self._tell(name, reason, error)
        return Result(name, reason, perf_counter() - begun)

    def _tell(self, name: str, reason: str, error: Exception | None) -> None:
        if isinstance(error, Unhealthy) and self.is_settling():
            return  # readiness tells it, the log would tell it of every start
        before = self._told.get(name, "")
        self._told[name] = reason
        if reason and not before:
            logger.warning("health: %s: %s (%s)", name, reason, type(error).__name__)
        elif before and not reason:
            logger.warning("health: %s is well again", name)

    def is_settling(self) -> bool:
        """Whether the start was so recently that not all need be well."""
        return monotonic() - self._begun < SETTLING_SECONDS

    def cancel(self) -> None:
        """Leave what is running."""
        for task in self._running.values():
            task.cancel()


class Watch:
    """Checks again and again, on the loop of `manage.py serve`."""

    def __init__(self) -> None:
        self._checker = Checker(CHECKS)
        self._task: asyncio.Task[None] | None = None
        self._results: list[Result] = []
        self._at = 0.0

    def start(self) -> None:
        """Begin, on the running loop."""
        global _watch
        _watch = self
        self._task = asyncio.create_task(self._forever(), name="health-watch")

    async def stop(self) -> None:
        """End."""
        global _watch
        _watch = None
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._checker.cancel()

    async def _forever(self) -> None:
        while True:
            self._take(await self._checker.run())
            self._at = begun = monotonic()
            while self._checker.is_settling() and (red := self._red()):
                await asyncio.sleep(SOON_SECONDS)
                if monotonic() - begun >= PAUSE_SECONDS:
                    break
                self._take(await self._checker.run(red))
            await asyncio.sleep(max(0.0, begun + PAUSE_SECONDS - monotonic()))

    def _take(self, found: list[Result]) -> None:
        self._results = list({each.name: each for each in [*self._results, *found]}.values())
        for result in found:
            UP.of(result.name, "web").set(result.is_ok)

    def _red(self) -> list[str]:
        return [result.name for result in self._results if not result.is_ok]

    def fresh(self) -> list[Result]:
        """Return what was found lately, or nothing."""
        return self._results if monotonic() - self._at < OLD_SECONDS else []


_watch: Watch | None = None


async def results() -> list[Result]:
    """Return what the watch of this process has found; where there is none, look now."""
    found = _watch.fresh() if _watch is not None else []
    return found or await Checker(CHECKS).run()
