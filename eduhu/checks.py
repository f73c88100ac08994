"""System checks: a wrong setting stops a deployment, not a teacher."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

LEAST_TOKEN = 24


@register(Tags.security)
def production_settings(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """Refuse in staging and production what is fine on a laptop."""
    return [] if settings.IS_DEVELOPMENT else list(_refusals())


def _refusals() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Error("DEBUG must be off outside development.", id="eduhu.E001")
    if settings.SECRET_KEY == settings.DEVELOPMENT_SECRET or len(settings.SECRET_KEY) < 50:
        yield Error("SECRET_KEY must be set to 50 or more random characters.", id="eduhu.E002")
    if not settings.DATABASE_IS_POSTGRESQL:
        yield Error("DATABASE_URL must name a PostgreSQL database.", id="eduhu.E003")
    if not settings.REDIS_URL:
        yield Error(
            "REDIS_URL must be set: process memory is not shared between processes.",
            id="eduhu.E004",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS must name the hosts.", id="eduhu.E005")
    rates = (
        settings.CHAT_RATE,
        settings.LOGIN_FAILURE_RATE,
        settings.LOGIN_FAILURE_RATE_PER_ADDRESS,
        settings.EXPORT_RATE,
        settings.REALTIME_RATE,
    )
    if "off" in rates:
        names = "CHAT_RATE, LOGIN_FAILURE_RATE…, EXPORT_RATE and REALTIME_RATE"
        yield Error(f"{names} must not be off.", id="eduhu.E006")
    if 0 < len(settings.METRICS_TOKEN) < LEAST_TOKEN:
        yield Error(
            f"METRICS_TOKEN must have {LEAST_TOKEN} or more random characters.", id="eduhu.E011"
        )
