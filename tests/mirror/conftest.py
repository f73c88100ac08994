"""A mirror that is switched on."""

import pytest

from eduhu.mirror.models import OutboxEntry


@pytest.fixture
def mirror_on(settings):
    settings.INSTANT_APP_ADMIN_TOKEN = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def captured(mirror_on, db):
    """What the outbox holds, as (table, id, operation), since it was last asked."""

    def take():
        entries = OutboxEntry.objects.order_by("id")
        found = {(entry.table, entry.row_id, entry.operation) for entry in entries}
        entries.delete()
        return found

    return take
