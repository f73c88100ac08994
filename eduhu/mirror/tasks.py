"""Work of the mirror that beat starts."""

from celery import shared_task

from eduhu.mirror import capture


@shared_task
def compare_a_part() -> None:
    """Compare a part of the mirror, and repair it; running it twice at once does no harm."""
    if not capture.is_on():
        return
    # Imported here: it brings a second HTTP client, which only the mirror needs.
    from eduhu.mirror import patrol

    patrol.run()
