"""What every test may use."""

import inspect
import os
import shutil
from functools import partial

import channels.testing.application
import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.core.cache import caches
from django.db import close_old_connections, connection, connections

from chats.providers.registry import provider
from eduhu.cache import invalidation, memory
from eduhu.switches import state
from tests import flush, node, warm
from tests.client import ApiClient
from tests.cluster import Cluster
from tests.factories import make_teacher
from tests.live import live_server
from tests.readers import devices_at

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

# The files that take longest, which begin first: each runs in one worker from its first
# test to its last, as its tests share the processes they start.
LONGEST = (
    "tests/chats/test_replies_faults.py",
    "tests/eduhu/test_migrations.py",
    "tests/chats/test_page",
    "tests/eduhu/test_query_plans.py",
    "tests/eduhu/test_schema_fuzz.py",
    "tests/mirror/test_processes.py",
    "tests/artifacts/test_exports.py",
    "tests/eduhu/test_settings.py",
    "tests/chats/test_stream_idempotency.py",
    "tests/tooling/test_budgets.py",
    "tests/tooling/test_plugins.py",
    "tests/eduhu/test_drain.py",
    "tests/eduhu/test_slow_readers.py",
    "tests/chats/test_replies_process.py",
    "tests/teachers/test_idempotency.py",
    "tests/eduhu/test_events.py",
    "tests/monitoring/test_running.py",
    "tests/tooling/test_up.py",
    "tests/tooling/test_environment.py",
    "tests/chats/test_stream_limits.py",
    "tests/chats/test_socket_chat.py",
)


def rank(item):
    """Return the place of an item's file among the longest."""
    places = (place for place, name in enumerate(LONGEST) if item.nodeid.startswith(name))
    return next(places, len(LONGEST))


def pytest_collection_modifyitems(items):
    items.sort(key=rank)
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker is not None and inspect.iscoroutinefunction(item.function):
            # Threads see only what was committed, and leave only what is flushed.
            item.add_marker(pytest.mark.django_db(transaction=True), append=False)
        if item.get_closest_marker("services") and not settings.DATABASE_IS_POSTGRESQL:
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL and Redis"))
        if item.get_closest_marker("browser") and CHROMIUM is None:
            item.add_marker(pytest.mark.skip(reason="needs Chromium"))
        if item.get_closest_marker("node") and not node.is_installed():
            item.add_marker(pytest.mark.skip(reason="needs Node.js, and `npm ci` in tests/npm"))


CLUSTER_SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tests.dying",
    "CHAT_RATE": "30/h",
    "REPLY_MAX_CHARACTERS": "6000000",
    "REPLY_LEASE_SECONDS": "1.5",
    "REPLY_HEARTBEAT_SECONDS": "0.4",
    "REPLY_SWEEP_SECONDS": "0.4",
    "REPLY_CHECKPOINT_SECONDS": "0.1",
    "SLOW_READER_SECONDS": "3",
    "STREAM_HEARTBEAT_SECONDS": "0.5",
}


@pytest.fixture(autouse=True)
def fresh_caches():
    """No test sees the counters of another."""
    for cache in caches.all(initialized_only=True):
        cache.clear()
    memory.forget_everything()
    state.forget()
    provider.cache_clear()


@pytest.fixture(autouse=True, scope="session")
def warm_start():
    """The processes that tests start need not import every library anew."""
    warm.begin()


@pytest.fixture(autouse=True, scope="session")
def quick_flush():
    """Tests that commit do not wait long for an empty database."""
    flush.begin()


@pytest.fixture(autouse=True, scope="session")
def serving():
    """The process of the tests serves, as `manage.py serve` does."""
    invalidation.serve_here()


@pytest.fixture(autouse=True, scope="session")
def given_back():
    """Also behind Channels' communicators, threads give their connection back after each call.

    These let them keep it, for tests in one transaction. Such a session then outlives its
    thread until garbage is collected, and the database cannot be dropped meanwhile.
    """
    channels.testing.application.no_op = close_old_connections


END_OTHER_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""  # of threads that wait for their next request


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The database of the session, which all threads give back before it is dropped."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result(5)
    if settings.DATABASE_IS_POSTGRESQL:
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(END_OTHER_SESSIONS)
        # A busy disk takes its time to drop what a whole run has written.
        connection.settings_dict["OPTIONS"]["options"] = "-c statement_timeout=0"


@pytest.fixture(scope="session")
def django_db_modify_db_settings_xdist_suffix(request):
    """One database, and one SQLite file, for each worker process."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if not worker:
        return
    test = settings.DATABASES["default"].setdefault("TEST", {})
    name = test.get("NAME") or f"test_{settings.DATABASES['default']['NAME']}"
    test["NAME"] = f"{name}_{worker}"


@pytest.fixture
def teacher(db):
    return make_teacher()


@pytest.fixture
def stranger(db):
    """Another teacher, who may see nothing of the first one's."""
    return make_teacher()


@pytest.fixture
def api(teacher):
    return ApiClient(teacher)


@pytest.fixture
def stranger_api(stranger):
    return ApiClient(stranger)


@pytest.fixture
def anonymous_api(db):
    return ApiClient()


@pytest.fixture(scope="session")
def running_eduhu():
    """A real server with the demo accounts."""
    with live_server() as server:
        yield server


@pytest.fixture(scope="session")
def live_eduhu(running_eduhu):
    """The base URL of that server."""
    return running_eduhu.url


@pytest.fixture(scope="session")
def cluster():
    """Two web processes and a worker, or the one process of the embedded default.

    Who ends one of them starts it again; PostgreSQL and Redis are left alone.
    """
    make = partial(Cluster, webs=2) if settings.DATABASE_IS_POSTGRESQL else Cluster.embedded
    with make(teachers=250, **CLUSTER_SETTINGS) as running:
        yield running


@pytest.fixture
async def devices(cluster):
    """The devices of a teacher who has done nothing yet, one at each web process."""
    async with devices_at(cluster.urls, cluster.tokens.pop()[0]) as devices:
        yield devices
