"""Who may read in InstantDB: the tokens of people who are signed out here end there.

A sign-out waits in the outbox like a row, in the transaction that signs out here, and
the drain carries it over.
"""

import uuid
from typing import Any

from django.db import connection
from django.db.models import Model

from eduhu.mirror import capture
from eduhu.mirror.models import Operation

TABLE = "$users"  # InstantDB's own; in the outbox no row is meant but a person


def sign_out(person_id: uuid.UUID) -> None:
    """Let all InstantDB tokens of a person end; part of the current transaction."""
    _enqueue(person_id, Operation.UPDATE)


def forget_deleted(instance: Model, **_kwargs: Any) -> None:
    """Let InstantDB forget a person whose row is deleted (signal receiver)."""
    # Two entries: a read-only app signs out, and forgets nobody.
    _enqueue(instance.pk, Operation.UPDATE)
    _enqueue(instance.pk, Operation.DELETE)


def _enqueue(person_id: uuid.UUID, operation: Operation) -> None:
    if capture.is_on():
        capture.enqueue(connection, [(TABLE, person_id, operation.value)])
