"""Rate limits: how often somebody may do something, counted by django-ratelimit."""

from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django_ratelimit.core import get_usage

from eduhu.errors import TooManyRequests


def count(group: str, who: str, rate: str) -> None:
    """Count one use of `group` by `who`. Raises TooManyRequests beyond `rate` (such as 30/m)."""
    _refuse(_usage(group, who, rate, increment=True))


def refuse_if_spent(group: str, who: str, rate: str) -> None:
    """Raise TooManyRequests when `rate` is used up, without counting."""
    usage = _usage(group, who, rate, increment=False)
    if usage is not None and usage["count"] >= usage["limit"]:
        raise TooManyRequests(retry_after=max(1, usage["time_left"]))


def _usage(group: str, who: str, rate: str, *, increment: bool) -> dict[str, Any] | None:
    if rate == "off":
        return None
    request = SimpleNamespace(method="POST")  # all that get_usage reads of a request
    usage: dict[str, Any] | None = get_usage(
        request, group=group, key=lambda *_: who, rate=rate, increment=increment
    )
    return usage


def _refuse(usage: dict[str, Any] | None) -> None:
    if usage is not None and usage["should_limit"]:
        raise TooManyRequests(retry_after=max(1, usage["time_left"]))


def client_address(peer: str, forwarded_for: str) -> str:
    """Return the client's address, believing exactly `settings.PROXY_COUNT` proxies.

    Each proxy of ours appends the address it saw; what stands further left was
    sent by the client itself and means nothing.
    """
    if settings.PROXY_COUNT == 0:
        return peer
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    return hops[-settings.PROXY_COUNT] if len(hops) >= settings.PROXY_COUNT else peer
