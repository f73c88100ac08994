"""Operators see which tasks failed and where, and start work that may run twice."""

import uuid

import pytest
from celery import signals
from django.contrib.admin.models import LogEntry
from django.db import OperationalError
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from eduhu.cache.tasks import warm_caches
from eduhu.celery import app
from monitoring.console import actions, failures
from monitoring.console.models import TaskFailure
from teachers import tasks
from tests.admin import page, queries_of, run_action, staff_client

pytestmark = pytest.mark.django_db
CANARY = "Quastenflosser"
TASK = "eduhu.cache.tasks.warm_caches"
ARGUMENTS = {"args": [], "kwargs": {"hours": 1, "teachers": 200}}


@pytest.fixture
def published():
    """The tasks that were given to the broker: name, arguments, headers."""
    found = []

    def note(sender, body, headers, **_more):
        found.append((sender, body[0], body[1], headers))

    signals.before_task_publish.connect(note)
    yield found
    signals.before_task_publish.disconnect(note)
    app.control.purge()


@pytest.fixture
def task():
    """A task that fails, whatever it is given."""

    @app.task(name="tests.fails")
    def fails(*_args, **_kwargs):
        tasks.missing_name  # noqa: B018 (it breaks here)

    yield fails
    app.tasks.pop("tests.fails")


@pytest.fixture
def staff():
    return staff_client()


def failed(**fields):
    fields = {
        "task": TASK,
        "task_id": "t-1",
        "error": "OSError",
        "arguments": ARGUMENTS,
        **fields,
    }
    return TaskFailure.objects.create(**fields)  # fmt: skip


def scheduled(**fields):
    every, _made = IntervalSchedule.objects.get_or_create(every=1, period="hours")
    return PeriodicTask.objects.create(
        **{"name": "work", "task": TASK, "interval": every, **fields}
    )


def test_what_fails_is_noted_without_what_it_was_about(task, staff):
    task.apply([f"{CANARY} 7b"], {"chat": 1}, task_id="t-1")
    row = TaskFailure.objects.get()
    assert (row.task, row.task_id, row.error) == ("tests.fails", "t-1", "AttributeError")
    assert row.place.startswith("tests/monitoring/test_failed_tasks.py:")
    assert row.place.endswith(" fails")
    assert row.arguments is None
    text = staff.get(page(TaskFailure)).text
    assert CANARY not in text
    assert "?task_id=t-1" in text


@pytest.mark.parametrize(
    ("args", "kwargs", "kept"),
    [
        ([1, True, None], {"teachers": 200}, True),
        ([str(uuid.UUID(int=7))], {}, True),
        ([CANARY], {}, False),
        ([], {"of": {"name": CANARY}}, False),
    ],
)
def test_arguments_are_kept_only_where_they_are_numbers_or_ids(args, kwargs, kept):
    expected = {"args": args, "kwargs": kwargs} if kept else None
    assert failures.harmless_arguments(args, kwargs) == expected


def test_the_list_stays_short(task, monkeypatch):
    monkeypatch.setattr(failures, "KEPT_ROWS", 3)
    for number in range(5):
        task.apply(task_id=str(number))
    assert set(TaskFailure.objects.values_list("task_id", flat=True)) == {"2", "3", "4"}


def test_a_database_that_is_away_makes_it_no_worse(task, monkeypatch, caplog):
    def away(**_fields):
        raise OperationalError("gone")

    monkeypatch.setattr(TaskFailure.objects, "create", away)
    assert task.apply().failed()
    assert "could not be noted: tests.fails" in caplog.text


def test_scheduled_work_runs_now(published, staff):
    work = scheduled(kwargs='{"hours": 1, "teachers": 9}')
    assert "1 Aufgabe ist gestartet." in run_action(staff, "run_now", work).text
    [(name, args, kwargs, headers)] = published
    assert (name, list(args), kwargs) == (TASK, [], {"hours": 1, "teachers": 9})
    assert headers["expires"]
    assert LogEntry.objects.get(user=staff.teacher).object_id == str(work.pk)


def test_a_failed_task_runs_again_once(published, staff):
    row = failed()
    run_action(staff, "run_again", row)
    again = run_action(staff, "run_again", row)
    [(name, args, kwargs, _headers)] = published
    assert (name, list(args), kwargs) == (TASK, [], ARGUMENTS["kwargs"])
    assert "passt nicht" in again.text
    row.refresh_from_db()
    assert row.rerun_at is not None
    assert LogEntry.objects.filter(user=staff.teacher).count() == 1


@pytest.mark.parametrize(
    "fields", [{"arguments": None}, {"task": "tests.fails"}, {"task": "of.an.earlier.release"}]
)
def test_what_must_not_or_cannot_run_twice_is_not_run_again(published, staff, task, fields):
    row = failed(**fields)
    assert "nicht von hier" in staff.get(page(TaskFailure)).text
    run_action(staff, "run_again", row)
    assert published == []
    row.refresh_from_db()
    assert row.rerun_at is None


def test_arguments_of_an_earlier_release_are_refused(published, staff):
    row = failed(arguments={"args": [7, 8, 9, 10], "kwargs": {}})
    assert "passt nicht" in run_action(staff, "run_again", row).text
    assert published == []


def test_scheduled_work_of_an_earlier_release_is_refused(published, staff):
    answer = run_action(staff, "run_now", scheduled(task="of.an.earlier.release"))
    assert "passt nicht" in answer.text
    assert published == []


def test_a_broker_that_is_away_is_told_and_leaves_the_task_to_be_tried_again(staff, monkeypatch):
    def away(*_args, **_options):
        raise ConnectionRefusedError

    monkeypatch.setattr(warm_caches, "apply_async", away)
    row = failed()
    assert "versuchen Sie es" in run_action(staff, "run_again", row).text
    row.refresh_from_db()
    assert row.rerun_at is None


def test_who_may_only_look_runs_nothing(published):
    row, work = failed(), scheduled()
    rights = ("console.view_taskfailure", "django_celery_beat.view_periodictask")
    helper = staff_client(*rights, is_superuser=False)
    assert helper.get(page(TaskFailure)).status_code == 200
    run_action(helper, "run_again", row)
    run_action(helper, "run_now", work)
    assert published == []
    other = staff_client("console.view_log", is_superuser=False)
    assert other.get(page(TaskFailure)).status_code == 403


def test_many_failures_take_as_many_queries_as_few(staff):
    failed()
    staff.get(page(TaskFailure))
    few = queries_of(staff, page(TaskFailure))
    for number in range(30):
        failed(task_id=str(number))
    assert queries_of(staff, page(TaskFailure)) == few


def test_everything_beat_starts_may_be_started_by_hand():
    assert all(actions.may_run_twice(name) for name in [TASK, "monitoring.health.tasks.heartbeat"])
    assert not actions.may_run_twice("celery.backend_cleanup")
