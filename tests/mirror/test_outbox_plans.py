"""However many entries wait or are parked: nothing reads them all to find a few."""

import uuid

import pytest
from django.db import connection, transaction

from eduhu.db import now
from eduhu.mirror import outbox, people, reconcile, status
from eduhu.mirror.models import OutboxEntry
from eduhu.mirror.outbox import Pending
from tests.plans import recorded, scans

pytestmark = pytest.mark.django_db

MANY, FEW = 20_000, 20
ROWS = [("chats", uuid.UUID(int=number)) for number in range(1, 101)]
PENDING = [Pending(*row, (number,)) for number, row in enumerate(ROWS)]
READERS = {
    "what is next": lambda: outbox.read_pending(500),
    "who is to be signed out": lambda: outbox.people_to_sign_out(20),
    "what of these rows waits": lambda: outbox.waiting(ROWS),
    "what was sent": lambda: outbox.forget(PENDING),
    "what is refused": lambda: outbox.park(PENDING[-1], "zu groß"),
    "how it fares": lambda: status.measure(),
    "whether all is sent": lambda: reconcile.wait_until_sent(most=MANY),
}


@pytest.fixture(scope="module", params=["wait", "are parked"])
def entries(request, django_db_setup, django_db_blocker):
    """An outbox in which nearly all entries wait, or are parked; the few others came last."""
    moments = [None, now()] if request.param == "wait" else [now(), None]
    with django_db_blocker.unblock(), transaction.atomic():
        for count, parked_at in zip((MANY, FEW), moments, strict=True):
            OutboxEntry.objects.bulk_create(
                OutboxEntry(
                    table="chats", row_id=uuid.uuid4(), operation="update", parked_at=parked_at
                )
                for _ in range(count)
            )
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE mirror_outbox")
        yield
        transaction.set_rollback(True)


@pytest.fixture
def many(entries, db, monkeypatch):
    monkeypatch.setattr(status, "COUNTED", MANY // 10)


@pytest.mark.parametrize("reader", READERS)
def test_no_reader_passes_what_it_does_not_want(many, reader):
    with recorded() as ran:
        READERS[reader]()
    statements = [each for each in ran if "mirror_outbox" in each.sql]
    assert statements
    assert [(each.sql, found) for each in statements if (found := scans(each))] == []


def test_a_scan_would_be_noticed(many):
    with recorded() as statements:
        OutboxEntry.objects.filter(reason="zu groß").first()
    assert scans(statements[0])


def test_all_are_signed_out_before_one_is_forgotten(db):
    for number in (2, 1):
        for operation in ("delete", "update"):
            OutboxEntry.objects.create(
                table=people.TABLE, row_id=uuid.UUID(int=number), operation=operation
            )
    found = [(each.row_id.int, each.operation) for each in outbox.people_to_sign_out(9)]
    assert found == [(2, "update"), (1, "update"), (2, "delete"), (1, "delete")]
    assert len(outbox.people_to_sign_out(3)) == 3
