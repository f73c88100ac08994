"""The light comparison that beat starts: lately written rows, and round and round the rest."""

import datetime as dt
import logging

import pytest
from django.conf import settings

from chats.models import Chat, Message
from eduhu.celery import app
from eduhu.db import now
from eduhu.mirror import patrol, tasks
from eduhu.mirror.models import OutboxEntry, ReconcileReport
from tests import sql
from tests.factories import make_messages
from tests.fakes.instant_server import Fault
from tests.mirror.sides import damage, foreign_rows, numbers

pytestmark = pytest.mark.django_db


def test_it_is_scheduled():
    app.loader.import_default_modules()
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert tasks.compare_a_part.name in named & app.tasks.keys()


def test_it_comes_round_to_every_row(mirrored, monkeypatch, caplog):
    """Nothing is new: three of its slices hold all, and then it begins again."""
    monkeypatch.setattr(patrol, "SLICE", 50)
    damage(mirrored)
    for _ in range(3):
        tasks.compare_a_part()
        assert ReconcileReport.objects.latest("id").compared <= 103
    found = [numbers(each) for each in ReconcileReport.objects.all()]
    assert [sum(each) for each in zip(*found, strict=True)] == [20, 0, 10, 50]
    errors = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert errors
    assert "sent again" in errors[0].getMessage()
    assert ReconcileReport.objects.latest("id").position["messages"] == [None, [None, 0]]


@pytest.mark.parametrize("clock", ["right", "set back"])
def test_it_sees_at_once_what_was_written_lately(mirrored, monkeypatch, clock):
    monkeypatch.setattr(patrol, "SLICE", 2)
    tasks.compare_a_part()
    if clock == "set back":
        ReconcileReport.objects.update(started_at=now() + dt.timedelta(hours=1))
    [late] = make_messages(Chat.objects.get(), 1)
    OutboxEntry.objects.all().delete()
    tasks.compare_a_part()
    assert OutboxEntry.objects.filter(row_id=late.pk).exists()
    report = ReconcileReport.objects.latest("id")
    assert (report.missing, report.is_repair) == (1, True)
    assert report.since is not None


def test_it_sends_nothing_twice(mirrored):
    damage(mirrored)
    tasks.compare_a_part()
    tasks.compare_a_part()
    assert OutboxEntry.objects.count() == 70
    assert [each.found for each in ReconcileReport.objects.order_by("id")] == [80, 10]


def test_it_deletes_only_what_is_ours(mirrored, caplog):
    foreign, ours = foreign_rows(mirrored, 3), Message.objects.latest("id").pk
    sql.execute("DELETE FROM messages WHERE id = %s", [ours])
    tasks.compare_a_part()
    report = ReconcileReport.objects.get()
    assert numbers(report) == (0, 1, 3, 1)  # its chat counts one message less
    assert report.repaired == 2
    assert {each["row_id"] for each in report.sample if each["kind"] == "foreign"} == foreign
    waiting = OutboxEntry.objects.filter(table="messages").values_list("row_id", flat=True)
    assert list(waiting) == [ours]
    assert "3 rows in InstantDB were not written by eduhu, and stay there" in caplog.text


def test_it_reports_that_nobody_is_there_and_goes_on_from_before(mirrored, monkeypatch):
    monkeypatch.setattr(patrol, "SLICE", 50)
    tasks.compare_a_part()
    before = ReconcileReport.objects.latest("id").position
    mirrored.fault = Fault("status")
    tasks.compare_a_part()
    failed = ReconcileReport.objects.latest("id")
    assert failed.reason.startswith("Unreachable")
    assert failed.position is None
    mirrored.fault = None
    monkeypatch.setattr(patrol, "SLICE", 1000)
    tasks.compare_a_part()
    last = ReconcileReport.objects.latest("id")
    assert last.reason == ""
    assert before["messages"][0] is not None
    assert last.compared < 123


def test_it_does_nothing_when_the_mirror_is_off(db):
    tasks.compare_a_part()
    assert not ReconcileReport.objects.exists()
