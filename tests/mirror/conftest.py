"""A mirror that is switched on, and an InstantDB to mirror to."""

import pytest

from eduhu.mirror.models import OutboxEntry
from eduhu.mirror.schema import permissions, schema
from tests.fakes.instant_server import APP_ID, TOKEN, instant_server


@pytest.fixture
def mirror_on(settings):
    settings.INSTANT_APP_ADMIN_TOKEN = TOKEN


@pytest.fixture
def server():
    with instant_server() as server:
        yield server


@pytest.fixture
def instant_app(settings, server):
    """The stand-in, as the app that the settings name."""
    settings.INSTANT_APP_ID = APP_ID
    settings.INSTANT_APP_ADMIN_TOKEN = TOKEN
    settings.INSTANT_API_URI = server.url
    return server


@pytest.fixture
def captured(mirror_on, db):
    """What the outbox holds, as (table, id, operation), since it was last asked."""

    def take():
        entries = OutboxEntry.objects.order_by("id")
        found = {(entry.table, entry.row_id, entry.operation) for entry in entries}
        entries.delete()
        return found

    return take


@pytest.fixture
def pushed(instant_app):
    """The same app, with our schema and permissions."""
    instant_app.store.push_schema(schema())
    instant_app.permissions = permissions()
    return instant_app
