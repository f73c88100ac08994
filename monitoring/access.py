"""Who may read what is for operators' programs."""

import ipaddress
import secrets

from django.conf import settings
from django.http import HttpRequest

from eduhu.limits import client_address


def may_read_metrics(request: HttpRequest) -> bool:
    """Whether this machine itself asks, or somebody with `METRICS_TOKEN`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return secrets.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    return is_from_here(request)


def is_from_here(request: HttpRequest) -> bool:
    """Whether a request comes from this machine, as far as anybody can know."""
    forwarded = request.headers.get("x-forwarded-for", "")
    if forwarded and settings.PROXY_COUNT == 0:
        return False  # a proxy that we were not told of: its address is not the client's
    address = client_address(request.META.get("REMOTE_ADDR", ""), forwarded)
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
