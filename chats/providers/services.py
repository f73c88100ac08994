"""The AI services the settings name, as one resilient provider."""

from dataclasses import replace
from urllib.parse import urlsplit

from django.conf import settings

from chats.providers.anthropic import Anthropic
from chats.providers.http_stream import HttpProvider, Limits
from chats.providers.openai_compatible import OpenAICompatible
from chats.providers.resilient import RETRY, Resilient, Route, provider_breaker
from eduhu.resilience import Breaker


def configured_provider() -> Resilient:
    """Return a new provider for `AI_BASE_URL`, with its fallback if one is set."""
    service = _service(settings.AI_PROVIDER, settings.AI_BASE_URL, settings.AI_API_KEY)
    return Resilient(
        _route(service),
        _fallback(service),
        total_timeout=settings.AI_TOTAL_TIMEOUT,
        retry=replace(RETRY, attempts=settings.AI_ATTEMPTS),
    )


def brief_provider(breaker: Breaker, max_characters: int) -> Resilient:
    """Return a new provider for small questions, which are asked once and not for long."""
    seconds = settings.TOPIC_AI_SECONDS
    limits = Limits(seconds, seconds, seconds, seconds, max_characters)
    service = _service(settings.AI_PROVIDER, settings.AI_BASE_URL, settings.AI_API_KEY, limits)
    once = replace(RETRY, attempts=1)
    return Resilient(Route(service, breaker), total_timeout=seconds, retry=once)


def _fallback(service: HttpProvider) -> Route | None:
    if not settings.AI_FALLBACK_MODEL:
        return None
    if settings.AI_FALLBACK_BASE_URL:
        service = _service(
            settings.AI_FALLBACK_PROVIDER,
            settings.AI_FALLBACK_BASE_URL,
            settings.AI_FALLBACK_API_KEY,  # never the key of another service
        )
    return _route(service, settings.AI_FALLBACK_MODEL)


def _route(service: HttpProvider, model: str | None = None) -> Route:
    # The fallback has a breaker of its own: one model may be down and the next one up.
    _user, _at, host = urlsplit(service.url).netloc.rpartition("@")
    breaker = provider_breaker(
        ":".join(filter(None, ("ai", service.name, host, model))),
        threshold=settings.AI_BREAKER_FAILURES,
        pause=settings.AI_BREAKER_SECONDS,
    )
    return Route(service, breaker, model)


def _service(kind: str, base_url: str, api_key: str, limits: Limits | None = None) -> HttpProvider:
    limits = limits or Limits(
        connect_timeout=settings.AI_CONNECT_TIMEOUT,
        first_byte_timeout=settings.AI_FIRST_BYTE_TIMEOUT,
        idle_timeout=settings.AI_IDLE_TIMEOUT,
        total_timeout=settings.AI_TOTAL_TIMEOUT,
        max_chars=settings.REPLY_MAX_CHARACTERS,
    )
    if kind == "anthropic":
        return Anthropic(base_url, api_key, limits, max_tokens=settings.AI_MAX_TOKENS)
    return OpenAICompatible(base_url, api_key, limits)
