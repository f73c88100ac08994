"""What Celery does for alerts: it throws old ones away."""

import datetime as dt

from celery import shared_task

from eduhu.db import now
from monitoring.alerts.models import Alert, Silence

KEPT = dt.timedelta(days=180)


@shared_task
def forget_old() -> None:
    """Delete alerts that were over half a year ago, and silences; running it twice is harmless."""
    Alert.objects.filter(resolved_at__lt=now() - KEPT).delete()
    Silence.objects.filter(until__lt=now() - KEPT).delete()
