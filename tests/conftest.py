"""What every test may use."""

import inspect
import os
import shutil

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.core.cache import caches
from django.db import connections

from chats.providers.registry import provider
from tests.client import ApiClient
from tests.factories import make_teacher
from tests.live import live_server

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def pytest_collection_modifyitems(items):
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker is not None and inspect.iscoroutinefunction(item.function):
            # Threads see only what was committed, and leave only what is flushed.
            item.add_marker(pytest.mark.django_db(transaction=True), append=False)
        if item.get_closest_marker("services") and not settings.DATABASE_IS_POSTGRESQL:
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL and Redis"))
        if item.get_closest_marker("browser") and CHROMIUM is None:
            item.add_marker(pytest.mark.skip(reason="needs Chromium"))


@pytest.fixture(autouse=True)
def fresh_caches():
    """No test sees the counters of another."""
    for cache in caches.all(initialized_only=True):
        cache.clear()
    provider.cache_clear()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup):
    """The database of the session, which async code gives back before it is dropped."""
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result(5)


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
def live_eduhu():
    """The base URL of a real server with the demo accounts."""
    with live_server() as server:
        yield server.url
