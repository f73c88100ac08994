"""The work that beat starts, in the admin."""

import pytest
from django.conf import settings
from django_celery_beat.models import PeriodicTask

from eduhu.beat import Scheduler
from eduhu.celery import app
from tests.admin import page, queries_of, staff_client

pytestmark = pytest.mark.django_db(transaction=True)  # beat closes connections


@pytest.fixture
def scheduler():
    """Beat, which has just begun."""
    return Scheduler(app=app)


def test_staff_see_each_entry_of_beat_and_when_it_runs(scheduler):
    client = staff_client()
    text = client.get(page(PeriodicTask)).content.decode()
    for name in settings.CELERY_BEAT_SCHEDULE:
        assert name in text
    assert "*/10 * * * *" in text
    assert queries_of(client, page(PeriodicTask)) < 20


def test_an_entry_that_staff_switch_off_stays_off(scheduler):
    client = staff_client()
    work = PeriodicTask.objects.get(name="warm-the-caches")
    assert client.post(page(PeriodicTask, "change", work), {}).status_code == 302
    work.refresh_from_db()
    assert (work.enabled, work.task) == (False, "eduhu.cache.tasks.warm_caches")
    again = Scheduler(app=app)
    assert "warm-the-caches" not in again.schedule
    assert "compare-a-part-of-the-mirror" in again.schedule


def test_nobody_adds_or_deletes_work(scheduler):
    client = staff_client()
    assert client.get(page(PeriodicTask, "add")).status_code == 403
    work = PeriodicTask.objects.first()
    assert client.post(page(PeriodicTask, "delete", work)).status_code == 403
    for name in ("crontabschedule", "intervalschedule", "solarschedule", "clockedschedule"):
        assert client.get(f"/admin/django_celery_beat/{name}/").status_code == 404


def test_who_may_not_see_it_does_not(scheduler):
    client = staff_client("chats.view_chat", is_superuser=False)
    assert client.get(page(PeriodicTask)).status_code == 403
