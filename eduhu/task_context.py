"""What a task's log lines and spans say: which task, and the request that started it.

Tasks run in threads and processes that are used again and again: each begins by
forgetting what the one before it knew.
"""

from contextlib import ExitStack
from typing import Any

from celery import signals

from eduhu import logs

_open: dict[str, ExitStack] = {}  # the spans of tasks that run in this process


@signals.before_task_publish.connect
def name_request(headers: dict[str, Any], **_kwargs: Any) -> None:
    """Send the id of the request along."""
    if request_id := logs.known().get("request_id"):
        headers["request_id"] = request_id


@signals.worker_init.connect
@signals.beat_init.connect
def refuse_foreign_data(sender: Any, **_kwargs: Any) -> None:
    """End a worker or beat that was given data of another environment."""
    from django.core.management.base import CommandError

    from eduhu import environments

    if sender.app.conf.broker_url.startswith("memory:"):
        return  # threads of the web process, which has asked itself
    try:
        environments.refuse_foreign_data()
    except CommandError as error:
        raise SystemExit(str(error)) from error  # any other error would be swallowed


@signals.task_prerun.connect
def begin(task_id: str, task: Any, **_kwargs: Any) -> None:
    """Know the task, and trace it."""
    from eduhu.tracing import span  # needs settings, which do not stand when this is imported

    logs.forget()
    logs.know(task_id=task_id, task=task.name)
    if request_id := task.request.get("request_id"):
        logs.know(request_id=str(request_id))
    stack = _open[task_id] = ExitStack()
    stack.enter_context(span(task.name, "task"))


@signals.task_postrun.connect
def end(task_id: str, state: str | None = None, **_kwargs: Any) -> None:
    """Forget it."""
    if stack := _open.pop(task_id, None):
        stack.close()
    logs.forget()
