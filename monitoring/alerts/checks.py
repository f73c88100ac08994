"""System checks of the alerts' settings."""

import ipaddress
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

SECRET_CHARACTERS = 32


@register(Tags.security)
def alert_settings(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Refuse settings with which nobody would hear, or a stranger could speak for us."""
    return list(_refusals())


def _refusals() -> Iterator[CheckMessage]:
    if settings.ALERT_EMAILS and not settings.EMAIL_URL:
        yield Error("ALERT_EMAILS needs EMAIL_URL: who sends the mails?", id="alerts.E001")
    if settings.ALERT_WEBHOOK_URLS and len(settings.ALERT_WEBHOOK_SECRET) < SECRET_CHARACTERS:
        yield Error(
            f"ALERT_WEBHOOK_SECRET must be {SECRET_CHARACTERS} or more random characters.",
            id="alerts.E002",
        )
    # Never the address itself: its path may be a secret.
    if not all(urlsplit(url).scheme in ("http", "https") for url in settings.ALERT_WEBHOOK_URLS):
        yield Error("ALERT_WEBHOOK_URLS must begin with https://.", id="alerts.E003")
    for network in settings.ALERT_WEBHOOK_NETWORKS:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            yield Error(f"ALERT_WEBHOOK_NETWORKS: {network} is no network.", id="alerts.E004")
