"""Making vectors: the table says what is to be done, a task only wakes somebody up."""

from celery import shared_task

from artifacts.recommendations import work
from eduhu.switches import state

SECONDS = 120  # of one run; what is left waits for the next


@shared_task
def embed_waiting() -> None:
    """Make the vectors that are due; running it twice does no harm."""
    state.load()  # a process of Celery does not follow the switches by itself
    if state.is_feature_on("recommendations"):
        work.embed_waiting(SECONDS)
