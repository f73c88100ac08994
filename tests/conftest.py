"""What every test may use."""

import inspect
import os
import shutil
from functools import partial

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.core.cache import caches
from django.db import connection, connections

from chats.providers.registry import provider
from eduhu.cache import invalidation, memory
from tests import node, warm
from tests.client import ApiClient
from tests.cluster import Cluster
from tests.factories import make_teacher
from tests.live import live_server
from tests.readers import devices_at

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


# They say nothing about PostgreSQL or Redis: the run on these does not repeat them, nor
# the tests with the fixture `embedded`.
ONCE = (
    "tests/artifacts/test_admin.py",
    "tests/artifacts/test_exports.py",
    "tests/artifacts/test_kinds.py",
    "tests/artifacts/test_quiz_formats.py",
    "tests/cache/test_write_paths.py",
    "tests/chats/test_admin.py",
    "tests/tooling/",
    "tests/chats/test_anthropic.py",
    "tests/chats/test_openai_",
    "tests/chats/test_page.py",
    "tests/chats/test_resilient_provider.py",
    "tests/chats/test_sse_lines.py",
    "tests/chats/test_template_assistant.py",
    "tests/eduhu/test_cors.py",
    "tests/eduhu/test_coverage_gate.py",
    "tests/eduhu/test_docs.py",
    "tests/eduhu/test_lean_http.py",
    "tests/eduhu/test_packed_redis.py",
    "tests/eduhu/test_pages.py",
    "tests/eduhu/test_logs.py",
    "tests/eduhu/test_query_counts.py",
    "tests/eduhu/test_resilience_",
    "tests/eduhu/test_settings.py",
    "tests/eduhu/test_slow_readers.py",
    "tests/eduhu/test_sqlite_turns.py",
    "tests/eduhu/test_start.py",
    "tests/eduhu/test_static.py",
    "tests/eduhu/test_tracing.py",
    "tests/eduhu/test_translations.py",
    "tests/monitoring/test_alert_admin.py",
    "tests/monitoring/test_alert_channels.py",
    "tests/monitoring/test_alert_life.py",
    "tests/monitoring/test_runbook.py",
    "tests/mirror/test_admin.py",
    "tests/mirror/test_import_refuses.py",
    "tests/mirror/test_instant_",
    "tests/teachers/test_admin.py",
    "tests/monitoring/test_metrics_folder.py",
    "tests/monitoring/test_prometheus.py",
)


# PostgreSQL and Redis are the harder stage: where both runs are made, only theirs has these.
LATER = (
    "tests/cache/test_warming_process.py",
    "tests/chats/test_bad_input.py",
    "tests/eduhu/test_canary.py",
    "tests/eduhu/test_isolation.py",
    "tests/eduhu/test_private_names.py",
    "tests/eduhu/test_schema_fuzz.py",
    "tests/mirror/test_import_live.py",
    "tests/mirror/test_import_killed.py",
    "tests/monitoring/test_probes.py",
    "tests/teachers/test_forged_addresses.py",
)

# The files that take longest, which begin first: each runs in one worker from its first
# test to its last, as its tests share the processes they start.
LONGEST = (
    "tests/chats/test_replies_faults.py",
    "tests/chats/test_page.py",
    "tests/eduhu/test_query_plans.py",
    "tests/eduhu/test_migrations.py",
    "tests/eduhu/test_schema_fuzz.py",
    "tests/eduhu/test_settings.py",
    "tests/eduhu/test_drain.py",
    "tests/eduhu/test_slow_readers.py",
    "tests/mirror/test_processes.py",
    "tests/chats/test_replies_process.py",
    "tests/chats/test_stream_idempotency.py",
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
    file = item.nodeid.partition("::")[0]
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)


def leave_out(config, items, is_elsewhere):
    """Deselect what the other run of the suite has."""
    config.hook.pytest_deselected(items=[each for each in items if is_elsewhere(each)])
    items[:] = [each for each in items if not is_elsewhere(each)]


def is_once(item):
    return item.nodeid.startswith(ONCE) or "embedded" in item.fixturenames


def is_later(item):
    return item.nodeid.startswith(LATER)


def pytest_collection_modifyitems(config, items):
    if os.environ.get("EDUHU_TEST_EARLIER"):  # set by `tests/run.py` for its second run
        leave_out(config, items, is_once)
    if os.environ.get("EDUHU_TEST_LATER"):  # and this one for its first
        leave_out(config, items, is_later)
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
    provider.cache_clear()


@pytest.fixture(autouse=True, scope="session")
def warm_start():
    """The processes that tests start need not import every library anew."""
    warm.begin()


@pytest.fixture(autouse=True, scope="session")
def serving():
    """The process of the tests serves, as `manage.py serve` does."""
    invalidation.serve_here()


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
