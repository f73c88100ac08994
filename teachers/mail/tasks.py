"""Work on e-mails that nobody waits for."""

from celery import shared_task

from teachers.mail import actions


@shared_task
def send_mails() -> None:
    """Send what is due; also swept every minute, as a wake-up may be lost."""
    actions.send_due()


@shared_task
def forget_old_mails() -> None:
    """Delete the notes of e-mails that ended long ago."""
    actions.forget_old()
