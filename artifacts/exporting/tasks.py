"""Making long exports: the table says what is to be done, a task only wakes somebody up."""

from celery import shared_task

from artifacts.exporting import actions, making


@shared_task
def make_exports() -> None:
    """Make what is due; also swept every minute."""
    making.make_due()


@shared_task
def forget_old_exports() -> None:
    """Delete what has expired; running it twice does no harm."""
    actions.forget_old()
