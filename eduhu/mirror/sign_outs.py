"""Sign-outs that wait in the outbox (`people.py`), carried to InstantDB."""

import logging

from eduhu.mirror import outbox
from eduhu.mirror.client import InstantClient
from eduhu.mirror.failures import Rejected
from eduhu.mirror.models import Operation
from eduhu.mirror.outbox import Pending

logger = logging.getLogger(__name__)

PEOPLE_AT_ONCE = 20  # between two signs of life of the drain


def send(client: InstantClient) -> None:
    """End the tokens of people who are signed out. Raises Unreachable, Busy or Closed."""
    for entry in outbox.people_to_sign_out(PEOPLE_AT_ONCE):
        try:
            if entry.operation == Operation.DELETE:
                client.remove_person(entry.row_id)
            else:
                client.sign_out(entry.row_id)  # also a closed app does this
        except Rejected as error:
            logger.exception("the sign-out of %s is parked", entry.row_id)
            outbox.park(Pending(entry.table, entry.row_id, (entry.pk,)), str(error))
        else:
            entry.delete()
