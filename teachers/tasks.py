"""Work on accounts that nobody waits for."""

from celery import shared_task

from teachers import actions


@shared_task
def remove_expired_tokens() -> int:
    """Delete expired tokens; running it twice does no harm."""
    return actions.remove_expired_tokens()
