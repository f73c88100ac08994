"""Celery: the wake-up for work that is kept in tables.

With a broker, workers and beat are processes of their own. Without one
(`memory://`) both run as threads of the web process: same code, same
serialization, nothing to install.
"""

import logging
import os
import threading
from time import perf_counter
from typing import Any

from celery import Celery, Task, _state, signals
from celery.app import trace
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eduhu.settings")

logger = logging.getLogger(__name__)

app = Celery("eduhu")
_begun: dict[str, float] = {}  # of the tasks that run in this process

app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

from eduhu import embedding, task_context  # noqa: E402, F401 (connects its signals)


def wake(task: Task[..., Any]) -> None:
    """Have a task begin soon that beat also starts; without a broker that is what does.

    To be called after the commit of what the task is to find.
    """
    try:
        task.apply_async(retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("%s waits for its sweep: %s", task.name, type(error).__name__)


@signals.task_prerun.connect
def _task_begins(task_id: str, **_kwargs: Any) -> None:
    _begun[task_id] = perf_counter()


@signals.task_postrun.connect
def _task_ended(task_id: str, task: Task[..., Any], state: str | None, **_kwargs: Any) -> None:
    from eduhu import metrics  # needs settings, which do not stand when this is imported

    begun = _begun.pop(task_id, None)
    if begun is not None and metrics.IS_ON:
        metrics.TASKS.of(task.name, (state or "unknown").lower()).observe(perf_counter() - begun)


@signals.worker_ready.connect
@signals.worker_process_init.connect
def _worker_begins(**_kwargs: Any) -> None:
    from eduhu.metrics import sampler

    if not app.conf.broker_url.startswith("memory:"):  # else it is a thread of the web process
        sampler.begin("tasks")


class EmbeddedCelery:
    """Worker and beat as threads of this process, for `memory://` only."""

    def __init__(self) -> None:
        from eduhu.beat import EmbeddedBeat  # needs models, as this file must not

        app.finalize()
        embedding.keep_out()
        # Without it the worker answers no result and no signal for any task.
        trace.setup_worker_optimizations(app, "embedded@local")
        self._worker = app.WorkController(
            app=app,
            pool="threads",
            concurrency=2,
            hostname="embedded@local",
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            ready_callback=_tell_ready,
        )
        self._thread = threading.Thread(
            target=self._worker.start, name="celery-worker", daemon=True
        )
        self._beat = EmbeddedBeat(app)

    def start(self) -> None:
        """Start both threads."""
        self._thread.start()
        # The worker sets this for the whole process, where web threads may wait for results.
        _state._set_task_join_will_block(False)  # type: ignore[attr-defined]
        self._beat.start()

    def stop(self) -> None:
        """Stop both threads; a task that runs is left to its end."""
        self._beat.stop()
        self._worker.stop()
        embedding.close()


def _tell_ready(consumer: Any) -> None:
    # Only the worker of the command line does so by itself.
    signals.worker_ready.send(sender=consumer)
