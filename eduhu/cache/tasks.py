"""Work for the caches that beat starts."""

from celery import shared_task

from eduhu.cache import habits, warming
from eduhu.cache.counts import store_counts
from eduhu.switches import state


@shared_task
def warm_caches(hours: int = 1, teachers: int = 200) -> None:
    """Load what is likely asked for in the coming hours; running it twice does no harm."""
    state.load()  # a process of Celery does not follow the switches by itself
    if not state.is_feature_on("warming"):
        return
    warming.warm(hours=hours, teachers=teachers)
    store_counts()


@shared_task
def forget_old_habits() -> None:
    """Delete habits that have ended."""
    habits.forget_old()
