"""Work on accounts that nobody waits for."""

from celery import shared_task

from teachers import actions, idempotency
from teachers.models import IdempotentRequest


@shared_task
def remove_expired() -> None:
    """Delete expired tokens and idempotency keys; running it twice does no harm."""
    actions.remove_expired_tokens()
    idempotency.remove_expired(IdempotentRequest.objects.all())
