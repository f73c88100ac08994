"""Notes each task of Celery's that failed: which, where and when, and not what it was about.

The error's words stay in the log, where the id of the task finds them.
"""

import logging
import traceback
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery import signals
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from eduhu.db import now
from monitoring.console.models import TaskFailure

logger = logging.getLogger(__name__)

KEPT_ROWS = 1000
KEPT = timedelta(days=30)


def note_failures() -> None:
    """Note what fails in this process from now on."""
    signals.task_failure.connect(_failed, weak=False, dispatch_uid="console")


def _failed(sender: Any, task_id: str, exception: BaseException, **told: Any) -> None:
    request = getattr(sender, "request", None)
    try:
        failure = TaskFailure.objects.create(
            task=sender.name[:200],
            task_id=task_id[:64],
            request_id=str((request.get("request_id") if request else "") or "")[:64],
            error=type(exception).__name__[:120],
            place=place_of(told.get("traceback"))[:200],
            arguments=harmless_arguments(told.get("args"), told.get("kwargs")),
        )
        TaskFailure.objects.filter(pk__lte=failure.pk - KEPT_ROWS).delete()
        TaskFailure.objects.filter(pk__lt=failure.pk, failed_at__lt=now() - KEPT).delete()
    except (DatabaseError, InterfaceError):
        # Mostly what made the task fail; the log has both.
        logger.warning("a failed task could not be noted: %s", sender.name, exc_info=True)


def place_of(trace: Any) -> str:
    """Return file and line of our own code in which it broke, or of the last code at all."""
    frames = traceback.extract_tb(trace) if trace is not None and not isinstance(trace, str) else []
    ours = [frame for frame in frames if _is_ours(frame.filename)]
    for frame in (ours or list(frames))[-1:]:
        file = Path(frame.filename)
        name = file.relative_to(settings.BASE_DIR) if _is_ours(frame.filename) else file.name
        return f"{name}:{frame.lineno} {frame.name}"
    return ""


def _is_ours(filename: str) -> bool:
    file = Path(filename)
    return file.is_relative_to(settings.BASE_DIR) and "site-packages" not in file.parts


def harmless_arguments(args: Any, kwargs: Any) -> dict[str, Any] | None:
    """Return arguments by which a task can be run again; None unless all are numbers or ids."""
    args, kwargs = list(args or ()), dict(kwargs or {})
    if all(map(_is_harmless, [*args, *kwargs.values()])):
        return {"args": args, "kwargs": kwargs}
    return None


def _is_harmless(value: Any) -> bool:
    if isinstance(value, str):
        try:
            return bool(uuid.UUID(value))
        except ValueError:
            return False
    return value is None or isinstance(value, bool | int | float)
