"""Work on chats that nobody waits for."""

from typing import Any

from celery import Task, shared_task
from django.conf import settings

from chats.tagging import failures, work
from eduhu.celery import wake
from eduhu.switches import state

SECONDS = 150  # of one run; what is left waits for the next
_others: list[Task[..., Any]] = []  # of the apps above


@shared_task
def tag_messages() -> None:
    """Judge what the questions that wait are about; running it twice does no harm."""
    failures.forget_old()
    if settings.TOPIC_TAGGING != "off":
        state.load()  # a process of Celery does not follow the switches by itself
        work.tag_waiting(SECONDS)


def also_wake(task: Task[..., Any]) -> None:
    """Wake this task too when replies have ended; it must be one that beat also starts."""
    _others.append(task)


def wake_tagger() -> None:
    """Have the questions that wait judged soon; without a broker, the sweep finds them.

    To be called after the commit, by nobody whom a teacher waits for.
    """
    if settings.TOPIC_TAGGING != "off":
        wake(tag_messages)
    for task in _others:
        wake(task)
