"""Both sides of the mirror, set and compared without a drain."""

import uuid

from eduhu.mirror import capture, outbox
from eduhu.mirror.models import OutboxEntry


def our_documents():
    return outbox.documents_of(
        (table, row_id)
        for table, source in capture.sources().items()
        for row_id in source.model.objects.values_list("pk", flat=True)
    )


def mirror_by_hand(server):
    """Do what a drain would have done."""
    put(server, our_documents())
    OutboxEntry.objects.all().delete()


def put(server, documents):
    numbered = enumerate(documents.items(), start=1 + len(server.store.writes))
    server.store.transact(
        [
            ["update", table, str(row_id), {**document, "mirror_rev": revision}]
            for revision, ((table, row_id), document) in numbered
        ]
    )


def foreign_rows(server, count, **values):
    """Store messages that nobody here has written; return their ids."""
    ids = [str(uuid.uuid4()) for _ in range(count)]
    row = {"content": "fremd", **values}
    server.store.transact([["update", "messages", row_id, row] for row_id in ids])
    return set(ids)


def numbers(report):
    return report.missing, report.extra, report.foreign, report.different


def is_equal(server):
    theirs = {
        (table, uuid.UUID(row_id)): {key: row[key] for key in row if key != "mirror_rev"}
        for table, rows in server.store.rows.items()
        for row_id, row in rows.items()
    }
    return our_documents() == theirs


def damage(server):
    """Change 50 rows of the mirror, delete 20, and add 10."""
    ids = list(server.store.rows["messages"])
    server.store.transact(
        [["update", "messages", row_id, {"content": "falsch"}] for row_id in ids[:50]]
        + [["delete", "messages", row_id, None] for row_id in ids[50:70]]
    )
    foreign_rows(server, 10)
