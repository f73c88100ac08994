"""What operators do with tasks: run them now."""

import json
from typing import Any

from django.conf import settings
from django_celery_beat.models import PeriodicTask
from kombu.exceptions import OperationalError

from eduhu.celery import app
from eduhu.db import now
from eduhu.errors import Conflict, Unavailable
from monitoring.console.models import TaskFailure

PUBLISH_SECONDS = 2.0
EXPIRES = 600  # seconds; what nobody takes up by then is no longer expected


def run_now(*, work: PeriodicTask) -> str:
    """Start scheduled work beside its schedule, and return the id of the task.

    Raises Conflict for work this release has no task for, and Unavailable without a broker.
    """
    return _start(work.task, json.loads(work.args), json.loads(work.kwargs))


def run_again(*, failure: TaskFailure) -> str:
    """Start a task that failed once more, and return its new id.

    Raises Conflict for what cannot be run again, or was, and Unavailable without a broker.
    """
    arguments = failure.arguments
    if arguments is None or not may_run_twice(failure.task):
        raise Conflict
    # Who moves the row first may start the task: of two clicks, one.
    waiting = TaskFailure.objects.filter(pk=failure.pk, rerun_at=None)
    if not waiting.update(rerun_at=now()):
        raise Conflict
    try:
        return _start(failure.task, arguments["args"], arguments["kwargs"])
    except (Conflict, Unavailable):
        TaskFailure.objects.filter(pk=failure.pk).update(rerun_at=None)
        raise


def may_run_twice(task: str) -> bool:
    """Whether a task is one that beat starts again and again, so that once more is harmless."""
    return any(entry["task"] == task for entry in settings.CELERY_BEAT_SCHEDULE.values())


def _start(name: str, args: list[object], kwargs: dict[str, object]) -> str:
    app.loader.import_default_modules()  # a web process need not know any task
    if name not in app.tasks or not may_run_twice(name):
        raise Conflict
    try:
        with app.connection_for_write(connect_timeout=PUBLISH_SECONDS) as connection:
            # The types of `apply_async` do not know it.
            options: dict[str, Any] = {"connection": connection, "retry": False}
            started = app.tasks[name].apply_async(tuple(args), kwargs, expires=EXPIRES, **options)
    except (OperationalError, OSError) as error:
        raise Unavailable from error
    except TypeError as error:  # it takes other arguments than those of an earlier release
        raise Conflict from error
    return str(started.id)
