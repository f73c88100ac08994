"""A mirror that is switched on, and an InstantDB to mirror to."""

import datetime as dt

import pytest

from artifacts.models import Artifact
from eduhu.db import now
from eduhu.mirror.client import InstantClient
from eduhu.mirror.drain import Drain
from eduhu.mirror.leader import make_leader
from eduhu.mirror.models import OutboxEntry
from eduhu.mirror.schema import permissions, schema
from teachers.models import TeacherPreferences
from tests.factories import make_chat, make_messages
from tests.fakes.instant_server import APP_ID, TOKEN, instant_server
from tests.mirror.sides import mirror_by_hand


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


@pytest.fixture
def mirrored(pushed, teacher):
    """Rows of every table, the same on both sides."""
    TeacherPreferences.objects.create(teacher=teacher)
    chat = make_chat(teacher)
    make_messages(chat, 120, start=now() - dt.timedelta(days=3))
    Artifact.objects.create(chat=chat, title="Optik", content="…", artifact_type="worksheet")
    mirror_by_hand(pushed)
    return pushed


@pytest.fixture
def leader():
    """What makes this process the one that sends, once it is acquired."""
    leader = make_leader()
    yield leader
    leader.release()


@pytest.fixture
def drain(instant_app, leader):
    """A drain that leads; a test makes its passes."""
    with InstantClient(app_id=APP_ID, admin_token=TOKEN, api_uri=instant_app.url) as client:
        drain = Drain(client, leader)
        assert leader.acquire()
        yield drain
        drain._lanes.close()
