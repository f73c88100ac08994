"""Load balancers learn whether this process serves requests, and whether it can do its work."""

import asyncio
import datetime as dt
import json
import logging
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from knox.models import AuthToken

from eduhu import celery
from eduhu.asgi import django_application
from eduhu.db import now
from eduhu.request_threads import RequestThreads
from eduhu.threads import in_thread
from monitoring.alerts.watch import Watch
from monitoring.health import checks, tasks
from monitoring.health.models import CELERY, Sign
from tests.asgi import ask
from tests.factories import PASSWORD, make_teacher

NAMES = ["database", "migrations", "cache", "channel_layer", "celery"]


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(checks, "_applied_until", 0.0)


@pytest.fixture
def alive(transactional_db):
    """Celery has just run a task."""
    tasks.heartbeat.run()


def silent_for(seconds):
    Sign.objects.update(seen_at=now() - dt.timedelta(seconds=seconds))


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


@pytest.mark.claim(72)
async def test_who_has_all_it_needs_is_ready(alive):
    answer = await ask("GET", "/health/ready")
    assert (answer.status, answer.json()) == (200, {"status": "ok", "failed": []})
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("seconds", "failed"), [(50, []), (70, ["celery"])])
async def test_celery_may_be_silent_for_a_minute(alive, seconds, failed):
    await in_thread(silent_for)(seconds)
    answer = await ask("GET", "/health/ready")
    assert answer.json()["failed"] == failed
    assert answer.status == (503 if failed else 200)


def test_a_worker_in_the_web_process_gives_a_sign_as_soon_as_it_is_ready(monkeypatch):
    options, signs = {}, []
    worker = SimpleNamespace(start=None)
    monkeypatch.setattr(celery.app, "WorkController", lambda **how: options.update(how) or worker)
    monkeypatch.setattr(celery.trace, "setup_worker_optimizations", lambda *_: None)
    monkeypatch.setattr("eduhu.metrics.sampler.begin", lambda _kind: None)
    monkeypatch.setattr(Watch, "start", lambda _watch: None)  # it would go on for good
    monkeypatch.setattr(tasks.heartbeat, "apply_async", lambda **how: signs.append(how))
    celery.EmbeddedCelery()
    options["ready_callback"](object())
    assert signs == [{"expires": tasks.EXPIRES}]


async def test_to_be_unready_is_no_error_of_each_look(transactional_db, caplog):
    with caplog.at_level(logging.DEBUG, "django.request"):
        for _ in range(2):
            assert (await ask("GET", "/health/ready")).status == 503
    assert [r for r in caplog.records if r.name == "django.request"] == []


async def test_what_readiness_does_not_name_is_only_told(alive, settings):
    settings.READINESS = ["database", "migrations"]
    await in_thread(Sign.objects.all().delete)()
    answer = await ask("GET", "/health/ready")
    assert (answer.status, answer.json()["failed"]) == (200, [])


def forget_migration():
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE django_migrations SET name = 'x' WHERE app = 'chats' AND name = '0001_chats'"
        )


def remember_migration():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_migrations SET name = '0001_chats' WHERE name = 'x'")


async def test_a_migration_that_is_missing_shows(alive):
    await in_thread(forget_migration)()
    try:
        answer = await ask("GET", "/health/ready")
        assert (answer.status, answer.json()["failed"]) == (503, ["migrations"])
    finally:
        await in_thread(remember_migration)()


async def details(**person):
    teacher = await in_thread(make_teacher)(**person)
    _auth, token = await in_thread(AuthToken.objects.create)(teacher)
    return (await ask("GET", "/health/ready", token=token)).json()


async def test_details_are_for_staff(alive):
    assert "checks" not in await details()
    assert "checks" not in (await ask("GET", "/health/ready", token="wrong")).json()
    told = (await details(is_staff=True))["checks"]
    assert list(told) == NAMES
    assert {each["reason"] for each in told.values()} == {"ok"}


@pytest.mark.django_db(transaction=True)
def test_staff_may_also_look_with_a_session(client, alive):
    staff = make_teacher(is_staff=True)
    assert client.login(username=staff.email, password=PASSWORD)
    assert "checks" in client.get("/health/ready").json()


async def test_a_broken_check_tells_nothing_it_should_not(alive, monkeypatch, caplog):
    async def broken():
        raise RuntimeError("postgres://eduhu:secret@db/eduhu")

    monkeypatch.setitem(checks.CHECKS, "cache", broken)
    with caplog.at_level(logging.WARNING):
        teacher = await in_thread(make_teacher)(is_staff=True)
        _auth, token = await in_thread(AuthToken.objects.create)(teacher)
        answer = await ask("GET", "/health/ready", token=token)
    assert answer.status == 503
    assert answer.json()["checks"]["cache"]["reason"] == "failed"
    assert "secret" not in json.dumps(answer.json()) + caplog.text
    assert "health: cache: failed (RuntimeError)" in caplog.text


async def test_a_check_that_hangs_is_red_and_is_not_started_again(monkeypatch):
    from monitoring.health.watch import Checker

    begun = 0

    async def hangs():
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    monkeypatch.setattr("monitoring.health.watch.ANSWER_SECONDS", 0.01)
    checker = Checker({"test": hangs})
    for _ in range(3):
        [result] = await checker.run()
        assert (result.is_ok, result.reason) == (False, "no answer")
    assert begun == 1
    checker.cancel()


async def test_while_a_start_settles_only_what_is_red_is_asked_again_soon(monkeypatch):
    from monitoring.health.watch import Watch

    asked = []

    async def well():
        asked.append("well")

    async def late():
        asked.append("late")
        if asked.count("late") < 3:
            raise checks.Unhealthy("not yet")

    monkeypatch.setattr("monitoring.health.watch.SOON_SECONDS", 0.001)
    monkeypatch.setattr("monitoring.health.watch.CHECKS", {"well": well, "late": late})
    watch = Watch()
    watch.start()
    try:
        async with asyncio.timeout(5):
            while asked.count("late") < 3:  # noqa: ASYNC110 (what is tested tells nobody)
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)
    finally:
        await watch.stop()
    assert [(each.name, each.is_ok) for each in watch.fresh()] == [("well", True), ("late", True)]
    assert asked == ["well", "late", "late", "late"]


def test_all_migrations_of_the_disk_are_found(django_db_setup, db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        assert checks.migrations_on_disk() == set(cursor.fetchall())


# --- manage.py doctor ------------------------------------------------------------------------


def doctor(capsys):
    try:
        call_command("doctor")
    except CommandError:
        code = 1
    else:
        code = 0
    return code, {line.split()[1]: line.split()[0] for line in capsys.readouterr().out.splitlines()}


@pytest.mark.django_db(transaction=True)
def test_the_doctor_has_a_line_for_each_dependency(alive, capsys, settings):
    code, lines = doctor(capsys)
    assert code == 0
    expected = {*NAMES, "disk"} | (set() if settings.EMBEDDED_CELERY else {"broker"})
    assert lines == dict.fromkeys(expected, "ok")


@pytest.mark.django_db(transaction=True)
def test_the_doctor_fails_with_what_fails(alive, capsys):
    silent_for(100)
    code, lines = doctor(capsys)
    assert code == 1
    assert lines["celery"] == "FAILED"
    assert lines["database"] == "ok"


@pytest.mark.django_db
def test_a_sign_takes_the_place_of_the_one_before():
    Sign.give(CELERY)
    Sign.give(CELERY, is_ok=False, reason="x" * 300)
    sign = Sign.objects.get()
    assert (str(sign), sign.is_ok, len(sign.reason)) == (CELERY, False, 200)
