"""Signs of life that Celery gives."""

from typing import Any

from celery import shared_task, signals
from django.conf import settings

from monitoring.health.models import CELERY, Sign

EXPIRES = 60  # seconds; a worker that comes back need not run what piled up


@shared_task
def heartbeat() -> None:
    """Tell that beat sends, the broker carries, and a worker runs."""
    Sign.give(CELERY)


@shared_task
def probe() -> None:
    """Use what teachers use, and note how it went; nothing happens without `PROBE_URL`."""
    if settings.PROBE_URL:
        from monitoring.health import probes

        probes.run(settings.PROBE_URL)


@signals.worker_ready.connect
def first_heartbeat(**_kwargs: Any) -> None:
    """Do not wait for beat."""
    heartbeat.apply_async(expires=EXPIRES)
