"""What `manage.py doctor` asks beside the checks of readiness: broker, services, disk."""

import shutil
import urllib.error
import urllib.request

from django.conf import settings

from eduhu.celery import app
from eduhu.mirror import capture
from eduhu.threads import in_thread
from monitoring.health.checks import CHECKS, Check, Unhealthy

LEAST_FREE = 0.05  # of the disk
SERVICE_SECONDS = 2.5


def dependencies() -> dict[str, Check]:
    """Return a check for each thing that this installation depends on."""
    found = {**CHECKS, "disk": in_thread(ask_disk)}
    if not settings.EMBEDDED_CELERY:
        found["broker"] = in_thread(ask_broker)
    if settings.AI_BASE_URL:
        found["ai_service"] = in_thread(ask_ai_service)
    if capture.is_on():
        found["instantdb"] = in_thread(ask_instantdb)
    return found


def ask_disk() -> None:
    """Raise Unhealthy when the disk of our data is nearly full."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    if usage.free < LEAST_FREE * usage.total:
        raise Unhealthy(f"only {usage.free // 10**6} MB are free")


def ask_broker() -> None:
    """Connect to the broker. Raises OSError."""
    with app.connection_for_read(connect_timeout=SERVICE_SECONDS) as connection:
        connection.ensure_connection(max_retries=1, timeout=int(SERVICE_SECONDS))


def ask_ai_service() -> None:
    """Ask the AI service for anything; an answer is enough, unless it refuses our key."""
    headers = {"Authorization": f"Bearer {settings.AI_API_KEY}", "x-api-key": settings.AI_API_KEY}
    request = urllib.request.Request(f"{settings.AI_BASE_URL.rstrip('/')}/models", headers=headers)
    try:
        urllib.request.urlopen(request, timeout=SERVICE_SECONDS).close()
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (401, 403):
            raise Unhealthy("it refuses our key") from error
        if error.code >= 500:
            raise Unhealthy(f"it answers {error.code}") from error


def ask_instantdb() -> None:
    """Ask InstantDB for the permissions of our app."""
    # Imported here: it brings a second HTTP client, which only the mirror needs.
    from eduhu.mirror.client import client_of_settings
    from eduhu.mirror.failures import Closed, MirrorError

    try:
        with client_of_settings(SERVICE_SECONDS) as client:
            client.permissions()
    except Closed as error:
        raise Unhealthy("it takes nothing from us") from error
    except MirrorError as error:
        raise Unhealthy("not reachable") from error
