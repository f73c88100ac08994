"""A provider that survives the bad moments of the services behind it.

Everything here happens before the first token. Once a teacher has seen text, it is
never thrown away or written a second time: what breaks then is told as it is.

What an error does:

| error | tried again | counts against the service |
| --- | --- | --- |
| unavailable (no connection, 5xx, broken) | yes | yes |
| timeout | on the last route only: silence has cost enough | yes |
| rate limited | yes, after the time the service asks for | no: it lives, and asks for less |
| untrusted (certificate) | no | yes |
| refused | no, and no other model is asked: the request is wrong | no: the service works |
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from chats.providers import metrics
from chats.providers.base import Finish, Prompt, Provider
from eduhu.errors import (
    CircuitOpen,
    EduhuError,
    ModelOff,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
    ProviderUntrusted,
)
from eduhu.resilience import Breaker, Deadline, Retry
from eduhu.switches.state import is_model_on
from eduhu.tracing import span

logger = logging.getLogger(__name__)

Stream = AsyncGenerator[str | Finish, None]


def _asked_delay(error: BaseException) -> float | None:
    return error.retry_after if isinstance(error, EduhuError) else None


RETRY = Retry(on=(ProviderUnavailable, ProviderRateLimited), asked_delay=_asked_delay)


def provider_breaker(name: str, *, threshold: int, pause: float) -> Breaker:
    """Return a breaker that judges an AI service by whether it begins to answer."""
    return Breaker(
        name,
        failures=(ProviderUnavailable, ProviderTimeout, ProviderUntrusted),
        alive=(ProviderRefused,),
        threshold=threshold,
        pause=pause,
    )


@dataclass(frozen=True, slots=True)
class Begun:
    """A stream whose first item is here, and who it comes from."""

    provider: str
    model: str
    stream: Stream
    first: str | Finish

    def signed(self, item: str | Finish) -> str | Finish:
        """Return `item`; a `Finish` says who answered."""
        if isinstance(item, str):
            return item
        return replace(item, model=self.model, provider=self.provider)


@dataclass(frozen=True, slots=True)
class Route:
    """One way to an answer: a service, its breaker, and the model where it is not the asked one."""

    provider: Provider
    breaker: Breaker
    model: str | None = None

    async def begin(self, prompt: Prompt) -> Begun:
        """Ask once and wait behind the breaker for the first item."""
        asked = replace(prompt, model=self.model or prompt.model)
        with self.breaker.guard(), metrics.attempt(self.provider.name):
            stream = self.provider.stream(asked)
            try:
                with span("ask", "provider", provider=self.provider.name, model=asked.model):
                    first = await anext(stream)
                return Begun(self.provider.name, asked.model, stream, first)
            except StopAsyncIteration as error:
                raise ProviderError from error


class Resilient:
    """A `Provider` that asks again, asks the fallback, or does not ask at all.

    `total_timeout` bounds all attempts together, in seconds. The `Finish` names the
    provider and the model that answered.
    """

    def __init__(
        self,
        first: Route,
        fallback: Route | None = None,
        *,
        total_timeout: float,
        retry: Retry = RETRY,
    ) -> None:
        self.name = first.provider.name
        self.is_demo = first.provider.is_demo
        self._first = first
        self._fallback = fallback
        self._total_timeout = total_timeout
        self._retry = retry
        self._last_retry = replace(retry, on=(*retry.on, ProviderTimeout))

    async def stream(self, prompt: Prompt) -> Stream:
        """Yield the reply as it arrives and then one `Finish`; see `Provider`."""
        begun = await self._begin(replace(prompt, deadline=Deadline(self._total_timeout)))
        async with aclosing(begun.stream):
            yield begun.signed(begun.first)
            async for item in begun.stream:
                yield begun.signed(item)

    async def aclose(self) -> None:
        """Close the connections to all services."""
        await self._first.provider.aclose()
        if self._fallback is not None:
            await self._fallback.provider.aclose()

    async def _begin(self, prompt: Prompt) -> Begun:
        *others, last = self._open_routes(prompt)
        for route in others:
            try:
                return await self._try(route, prompt, self._retry)
            except ProviderRefused:
                raise
            except ProviderError as error:
                logger.warning("%s: %s; asking %s", route.breaker.name, error, last.breaker.name)
                if prompt.deadline is not None and not prompt.deadline.remaining():
                    raise
        return await self._try(last, prompt, self._last_retry)

    def _routes(self, prompt: Prompt) -> list[Route]:
        first, fallback = self._first, self._fallback
        if fallback is None:
            return [first]
        is_same = (fallback.provider, fallback.model) == (first.provider, prompt.model)
        return [first] if is_same else [first, fallback]

    def _open_routes(self, prompt: Prompt) -> list[Route]:
        """Return the routes whose model is not switched off. Raises ModelOff without any."""
        routes = self._routes(prompt)
        found = [route for route in routes if is_model_on(route.model or prompt.model)]
        if not found:
            raise ModelOff(model=prompt.model)
        return found

    async def _try(self, route: Route, prompt: Prompt, retry: Retry) -> Begun:
        try:
            # A question changes nothing, wherever it was lost. It may be paid for twice.
            return await retry.call_async(
                lambda: route.begin(prompt), idempotent=True, deadline=prompt.deadline
            )
        except CircuitOpen as error:
            raise ProviderUnavailable(retry_after=error.retry_after) from error
