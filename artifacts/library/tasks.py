"""Work of the library that nobody waits for."""

from celery import shared_task

from artifacts.library import weekly


@shared_task
def note_weekly_summaries() -> None:
    """Note the e-mails of the week; running it twice does no harm."""
    weekly.note_summaries()
