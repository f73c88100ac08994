"""Making vectors: the table says what is to be done, a task only wakes somebody up."""

from celery import shared_task

from artifacts.recommendations import work
from eduhu.switches import state


@shared_task
def embed_waiting(seconds: float = 0) -> None:
    """Make the vectors that are due; running it twice does no harm.

    Who is woken makes the last few, beat's runs go on for `seconds`: after an import of many
    rows the machine is there for others most of the time.
    """
    state.load()  # a process of Celery does not follow the switches by itself
    if state.is_feature_on("recommendations"):
        work.embed_waiting(seconds)
