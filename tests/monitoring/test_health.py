"""Load balancers learn whether this process serves requests."""

import pytest

from eduhu.asgi import django_application
from eduhu.request_threads import RequestThreads
from tests.asgi import ask


@pytest.mark.django_db
def test_health_needs_no_sign_in_and_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/health/live")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


async def test_health_answers_without_any_database(monkeypatch):
    # In threads that have not served a test with a database.
    monkeypatch.setattr(django_application, "threads", RequestThreads(1))
    answer = await ask("GET", "/health/live")
    assert answer.status == 200
